//! Which graph runs where: one provider for all, others for single graphs, and what they are told.

use super::PipelineOptions;
use crate::error::{Error, Result};
use crate::model::GraphRole;
use crate::runtime::{AutoChoice, GraphOptions, Precision, Provider, settle};

/// The graphs that can be placed; a family opens some of them.
const ROLES: [GraphRole; GraphRole::ALL.len()] = GraphRole::ALL;

impl PipelineOptions {
    /// Runs the graph of that role (as `unet`) on another provider than [`PipelineOptions::provider`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that lists the roles there are.
    pub fn place(&mut self, role: &str, provider: Provider) -> Result<()> {
        let known = ROLES.into_iter().find(|known| known.name() == role).ok_or_else(|| {
            let names = ROLES.map(GraphRole::name).join(", ");
            Error::invalid(format!("there is no graph \"{role}\" to place: it must be one of {names}"))
        })?;
        self.placement.insert(known, provider);
        Ok(())
    }

    /// Where the graph of that role runs.
    #[must_use]
    pub fn provider_of(&self, role: GraphRole) -> Provider {
        self.placement.get(&role).copied().unwrap_or(self.provider)
    }

    /// `base` with everything that says where the graph of that role runs and what its provider is told.
    ///
    /// A smaller precision is for those graphs whose providers have it; [`check_providers`](Self::check_providers)
    /// sees to it that there is one. With `auto` comes what it became and why.
    pub(super) fn placed(&self, role: GraphRole, base: &GraphOptions) -> Result<(GraphOptions, Option<AutoChoice>)> {
        self.placed_on(self.provider_of(role), base)
    }

    fn placed_on(&self, provider: Provider, base: &GraphOptions) -> Result<(GraphOptions, Option<AutoChoice>)> {
        let precision = match Precision::of(provider).contains(&self.precision) {
            true => self.precision,
            false => Precision::Default,
        };
        let options = GraphOptions {
            provider,
            device_id: self.device_id,
            precision,
            settings: self.provider_settings.clone(),
            fallback: self.fallback,
            ..base.clone()
        };
        settle(options)
    }

    /// As [`provider_of`](Self::provider_of), for graphs of a cascade: those whose folders are called as a role run where it
    /// does.
    pub(super) fn provider_by_name(&self, name: &str) -> Provider {
        ROLES.into_iter().find(|role| role.name() == name).map_or(self.provider, |role| self.provider_of(role))
    }

    /// As [`placed`](Self::placed), for graphs of a cascade: those whose folders are called as a role are placed as it.
    pub(super) fn placed_by_name(&self, name: &str, base: &GraphOptions) -> Result<(GraphOptions, Option<AutoChoice>)> {
        self.placed_on(self.provider_by_name(name), base)
    }

    /// Checks that everything that was said about providers is of use to one that runs a graph.
    pub(super) fn check_providers(&self) -> Result<()> {
        let used = ROLES.map(|role| self.provider_of(role));
        if !used.iter().any(|provider| Precision::of(*provider).contains(&self.precision)) {
            let [first, ..] = used;
            self.precision.check(first)?;
        }
        self.provider_settings.check_used(&used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_graphs_are_placed_and_keep_their_types_where_the_provider_has_no_other() {
        let mut options =
            PipelineOptions { provider: Provider::OpenVino, precision: Precision::BFloat16, ..Default::default() };
        options.place("text_encoder", Provider::Cpu).unwrap();
        let said = options.place("vae", Provider::Cpu).unwrap_err().to_string();
        assert!(said.contains("\"vae\"") && said.contains("unet, transformer, vae_decoder"), "{said}");
        let base = GraphOptions { threads: 3, ..GraphOptions::default() };
        let (text, auto) = options.placed(GraphRole::TextEncoder, &base).unwrap();
        assert_eq!((text.provider, text.precision, text.threads), (Provider::Cpu, Precision::Default, 3));
        assert_eq!(auto, None);
        let (unet, _) = options.placed(GraphRole::Unet, &base).unwrap();
        assert_eq!((unet.provider, unet.precision), (Provider::OpenVino, Precision::BFloat16));
        options.check_providers().unwrap();
    }

    #[test]
    fn what_no_graph_could_use_is_refused() {
        let mut options =
            PipelineOptions { provider: Provider::Cpu, precision: Precision::Float16, ..Default::default() };
        assert!(options.check_providers().unwrap_err().to_string().contains("\"float16\""));
        options.place("unet", Provider::TensorRt).unwrap();
        options.check_providers().unwrap();
        options.provider_settings.set("openvino.num_streams", "2").unwrap();
        let said = options.check_providers().unwrap_err().to_string();
        assert!(said.contains("openvino.num_streams") && said.contains("cpu and tensorrt"), "{said}");
    }
}
