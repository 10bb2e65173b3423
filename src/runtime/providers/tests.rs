//! Options by name: which there are, what they refuse, and that a registration can be made of each.

use super::*;

fn refused(name: &str, value: &str) -> String {
    let mut settings = ProviderSettings::default();
    let error = settings.set(name, value).expect_err(name);
    assert!(matches!(error, Error::InvalidArgument(_)), "{error:?}");
    assert_eq!(settings, ProviderSettings::default(), "a refused option changes nothing");
    error.to_string()
}

#[test]
fn an_option_reaches_the_providers_that_have_it() {
    let mut settings = ProviderSettings::default();
    settings.set("memory_limit", "4G").unwrap();
    assert_eq!(settings.cuda.memory_limit, Some(4 << 30));
    assert_eq!((settings.rocm.memory_limit, settings.migraphx.memory_limit), (Some(4 << 30), Some(4 << 30)));
    settings.set("cuda.memory_limit", "1G").unwrap();
    assert_eq!((settings.cuda.memory_limit, settings.rocm.memory_limit), (Some(1 << 30), Some(4 << 30)));
    settings.set("OpenVINO.device_type", "AUTO:GPU.0,CPU").unwrap();
    assert_eq!(settings.openvino.device_type.as_deref(), Some("AUTO:GPU.0,CPU"));
    settings.set("coreml.compute_units", "cpu-and-gpu").unwrap();
    assert_eq!(settings.coreml.compute_units, Some(ComputeUnits::CpuAndGpu));
    settings.set("tensorrt.raw.trt_dla_enable", "1").unwrap();
    settings.set("tensorrt.raw.trt_dla_enable", "0").unwrap();
    assert_eq!(settings.tensorrt.raw, [("trt_dla_enable".to_owned(), "0".to_owned())]);
}

#[test]
fn a_wrong_name_or_value_says_what_is_allowed() {
    let said = refused("memory_limt", "4G");
    for word in ["memory_limt", "cuda.memory_limit", "openvino.device_type", "directml.device_filter"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let said = refused("openvino.memory_limit", "4G");
    assert!(said.contains("device_type, cache_dir, num_streams, load_config, raw.NAME"), "{said}");
    assert!(refused("cpu.memory_limit", "4G").contains("it has none"));
    assert!(refused("gpu.memory_limit", "4G").contains("unknown provider \"gpu\""));
    assert!(refused("cuda.memory_limit", "much").contains("\"much\": it must be a number of bytes"));
    assert!(refused("builder_level", "6").contains("a number from 0 to 5"));
    assert!(refused("directml.performance", "max").contains("high-performance"));
    assert!(refused("openvino.device_type", "TPU").contains("CPU, GPU"));
    assert!(refused("openvino.load_config", "{\"CPU\":1}").contains("JSON object"));
    assert!(refused("openvino.load_config", "config.json").contains("JSON object"));
    assert!(refused("raw.some", "1").contains("cuda.raw.some"));
    assert!(refused("directml.raw.some", "1").contains("has no option"));
    assert!(refused("cuda.raw.", "1").contains("has no option"));
    assert!(refused("cuda.raw.some", "a\0b").contains("it must be a text"));
}

#[test]
fn an_option_that_no_graph_takes_is_refused() {
    let mut settings = ProviderSettings::default();
    settings.set("cuda_graph", "1").unwrap();
    let said = settings.check_used(&[Provider::Cpu, Provider::Cpu]).unwrap_err().to_string();
    assert!(said.contains("\"cuda_graph\"") && said.contains("cuda and tensorrt") && said.contains("on cpu"), "{said}");
    settings.check_used(&[Provider::Cpu, Provider::TensorRt]).unwrap();
    settings.check_used(&[Provider::Auto]).unwrap();
}

#[test]
fn a_registration_can_be_made_for_every_provider_and_precision() {
    for provider in Provider::ALL {
        for precision in Precision::ALL {
            let options = GraphOptions { provider, precision: *precision, device_id: 1, ..GraphOptions::default() };
            let made = dispatch(&options);
            if Precision::of(provider).contains(precision) {
                let is_cpu = matches!(provider, Provider::Auto | Provider::Cpu);
                assert_eq!(made.unwrap().is_none(), is_cpu, "{provider:?}");
            } else {
                let said = made.err().expect("it should be refused").to_string();
                assert!(said.contains(precision.name()) && said.contains(provider.name()), "{said}");
                assert!(said.contains("tensorrt") && said.contains("openvino"), "{said}");
            }
        }
    }
    assert!(Precision::parse("fp16").unwrap_err().to_string().contains("default, float32, float16, bfloat16"));
    assert_eq!(Precision::parse("BFloat16").unwrap(), Precision::BFloat16);
}
