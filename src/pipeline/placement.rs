//! Which graph runs where: one provider for all, others for single graphs, and what they are told.

use super::PipelineOptions;
use crate::error::{Error, Result};
use crate::model::GraphRole;
use crate::runtime::{AutoChoice, GraphOptions, Precision, Provider, settle};

/// The graphs that are opened, and so can be placed.
const ROLES: [GraphRole; 3] = [GraphRole::TextEncoder, GraphRole::Unet, GraphRole::VaeDecoder];

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
        let provider = self.provider_of(role);
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
