//! What an opened cascade is and can do.

use serde_json::json;

use super::opened::{Cascade, Report};
use crate::model::cascade::Operation;
use crate::pipeline::MAX_SIDE;
use crate::pipeline::info::{CascadeInfo, PipelineInfo, StageInfo};
use crate::runtime::RuntimeInfo;
use crate::scheduler::SchedulerKind;

impl Cascade {
    /// What there is to say about it.
    pub(in crate::pipeline) fn describe(&self, runtime: &RuntimeInfo, report: Report) -> PipelineInfo {
        let manifest = &self.folder.manifest;
        let drawn = self.drawn_size();
        let pixels = |side: usize| u32::try_from(side).unwrap_or(MAX_SIDE);
        let sizes = manifest
            .sizes
            .as_ref()
            .filter(|sizes| !sizes.fixed)
            .map(|sizes| (sizes.height.fixed(), sizes.width.fixed(), sizes.multiple));
        let (height, width, multiple) = match (sizes, drawn) {
            (Some((height, width, multiple)), _) => (height.unwrap_or(0), width.unwrap_or(0), multiple),
            (None, Some((height, width))) => (height, width, 1),
            (None, None) => (0, 0, 1),
        };
        let stages: Vec<StageInfo> = manifest
            .stages
            .iter()
            .map(|stage| StageInfo {
                name: stage.name.clone(),
                scheduler: self.own_scheduler(stage).map_or("", SchedulerKind::name).to_owned(),
                steps: self.own_steps(stage),
                guidance: stage.guidance,
            })
            .collect();
        let main = manifest.main_stage().and_then(|main| stages.iter().find(|stage| stage.name == main.name));
        let edits = manifest.values.values().flat_map(|operation| match operation {
            Operation::Edit { directions, .. } => directions.keys().cloned().collect::<Vec<_>>(),
            _ => Vec::new(),
        });
        let info = PipelineInfo {
            folder: self.folder.root.clone(),
            family: "cascade".into(),
            layout: "cascade".into(),
            class_name: Some(self.folder.class_name.clone()),
            default_width: pixels(width),
            default_height: pixels(height),
            default_steps: main.map_or(0, |main| main.steps),
            default_guidance: main.map_or(1.0, |main| main.guidance),
            default_scheduler: main.map(|main| main.scheduler.clone()).unwrap_or_default(),
            size_multiple: multiple,
            fixed_size: drawn.filter(|_| sizes.is_none()).map(|(height, width)| (pixels(width), pixels(height))),
            latent_channels: 0,
            spatial_factor: 1,
            scaling_factor: 1.0,
            schedulers: SchedulerKind::ALL.iter().map(|kind| kind.name().to_owned()).collect(),
            graphs: report.graphs,
            auto: None,
            notes: report.notes,
            runtime_version: runtime.version.clone(),
            runtime_library: runtime.path.clone(),
            conditions: Vec::new(),
            max_boxes: manifest.layouts.values().map(|layout| layout.objects).max().unwrap_or(0),
            cascade: Some(CascadeInfo {
                title: manifest.title.clone(),
                stages,
                pictures: manifest
                    .pictures
                    .iter()
                    .filter(|(_, role)| role.same_as.is_none())
                    .map(|(name, _)| name.clone())
                    .collect(),
                classes: manifest.classes.values().next().map_or(0, |classes| classes.count.fixed().unwrap_or(0)),
                class_names: manifest.classes.values().next().map(|classes| classes.names.clone()).unwrap_or_default(),
                embeddings: manifest.embeddings.clone(),
                attributes: edits.collect(),
                manifest: json!(manifest),
            }),
        };
        info.with_auto(report.auto)
    }
}
