//! What works here, what `auto` becomes, and where nodes run. The library of these tests has the CPU only.

use diffusion::Error;
use diffusion::runtime::{CancelToken, Fallback, Graph, GraphOptions, Precision, Provider, settle, try_provider};

use super::{golden, open, start};

#[test]
fn auto_is_the_cpu_where_nothing_else_works_and_says_why() {
    start();
    let (options, choice) = settle(GraphOptions { threads: 3, ..GraphOptions::default() }).unwrap();
    let choice = choice.expect("auto was asked for");
    if std::env::var_os("ORT_DYLIB_PATH").is_some() {
        // Somebody's own library may have more; what it picks must work.
        assert_eq!(try_provider(&options).unwrap(), choice.provider);
        return;
    }
    assert_eq!((options.provider, choice.provider, options.threads), (Provider::Cpu, Provider::Cpu, 3));
    assert!(!choice.rejected.is_empty());
    for (provider, reason) in &choice.rejected {
        assert!(reason.contains("not in this ONNX Runtime library"), "{provider:?}: {reason}");
        assert!(choice.sentence().contains(&format!("{}: {reason}", provider.name())), "{}", choice.sentence());
    }
    // A provider that was named is taken as it is.
    let named = GraphOptions { provider: Provider::Qnn, ..GraphOptions::default() };
    assert_eq!(settle(named.clone()).unwrap(), (named, None));
}

#[test]
fn the_cpu_passes_the_trial_and_what_is_not_there_does_not() {
    start();
    let on = |provider| GraphOptions { provider, ..GraphOptions::default() };
    assert_eq!(try_provider(&on(Provider::Cpu)).unwrap(), Provider::Cpu);
    for provider in [Provider::CoreMl, Provider::Qnn] {
        let Err(Error::ProviderUnavailable(said)) = try_provider(&on(provider)) else { panic!("{provider:?}") };
        assert!(said.contains(provider.name()), "{said}");
    }
    let bad = GraphOptions { precision: Precision::BFloat16, ..on(Provider::Cpu) };
    assert!(matches!(try_provider(&bad), Err(Error::InvalidArgument(_))));
}

#[test]
fn every_node_is_accounted_for() {
    let graph = open("two_outputs.onnx");
    assert_eq!(graph.provider(), try_provider(&GraphOptions::default()).unwrap(), "auto became something that works");
    let assignment = graph.assignment().expect("ONNX Runtime 1.24 and later say it");
    assert!(assignment.nodes.values().sum::<usize>() >= 2, "{assignment:?}");
    // On the CPU there is nothing to fall back from.
    let options = GraphOptions { provider: Provider::Cpu, fallback: Fallback::Refuse, ..GraphOptions::default() };
    let graph = Graph::open("unet", &golden("two_outputs.onnx"), &options, &CancelToken::new()).unwrap();
    let assignment = graph.assignment().unwrap();
    assert_eq!(assignment.nodes.keys().collect::<Vec<_>>(), ["cpu"]);
    assert_eq!(assignment.cpu_operators.values().sum::<usize>(), assignment.nodes["cpu"]);
}
