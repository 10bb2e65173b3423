"""The configurations that make_schedulers.py runs.

{file: (class, {case: (config, steps[, step kwargs[, set_timesteps kwargs]])})}; make_schedulers.py says what the
latter may be.

Each class's cases together set every constructor field away from its default, which
make_schedulers.py asserts; EXCEPTIONS names the fields that no scheduler_config.json can exercise.
"""

SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
SD1 = {**SD, "steps_offset": 1}
COSINE = {"beta_schedule": "squaredcos_cap_v2"}
# A made-up table: 40 betas, smooth and increasing.
TRAINED = {
    "num_train_timesteps": 40,
    "trained_betas": [round(0.001 + 0.2 * (i / 39) ** 2, 6) for i in range(40)],
}
V = {"prediction_type": "v_prediction"}
X0 = {"prediction_type": "sample"}
LEADING = {"timestep_spacing": "leading"}
LINSPACE = {"timestep_spacing": "linspace"}
TRAILING = {"timestep_spacing": "trailing"}
ZERO_SNR = {"rescale_betas_zero_snr": True}
KARRAS = {"use_karras_sigmas": True}
EXPONENTIAL = {"use_exponential_sigmas": True}
BETA = {"use_beta_sigmas": True}
THRESHOLD = {"thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.7}
FLOW = {"use_flow_sigmas": True, "flow_shift": 3.0, "prediction_type": "flow_prediction"}

EXCEPTIONS = {
    "solver_p": "an object, never in a JSON file",
    "scale_factors": "the picture grows between steps; refused",
    "upscale_mode": "read only with scale_factors",
    "tau_func": "a Python function, never in a JSON file",
    "UnCLIPScheduler.beta_schedule": "the class takes its default only",
}


def discrete_sigma_cases():
    """What Euler, Heun, LMS and KDPM2 share: classes that walk in sigma space."""
    return {
        "defaults": ({}, 10),
        "linear": ({"beta_start": 0.0002, "beta_end": 0.018}, 10),
        "sd1": (SD1, 20),
        "sd1_leading": ({**SD1, **LEADING}, 10),
        "sd1_trailing": ({**SD, **TRAILING}, 10),
        "v_trailing": ({**SD, **V, **TRAILING}, 10),
        "v_leading_offset": ({**SD1, **V, **LEADING}, 5),
        "karras": ({**SD1, **KARRAS}, 20),
        "karras_leading": ({**SD1, **KARRAS, **LEADING}, 7),
        "exponential": ({**SD, **EXPONENTIAL}, 10),
        "beta": ({**SD, **BETA}, 10),
        "beta_trailing_v": ({**SD, **BETA, **V, **TRAILING}, 8),
        "cosine": ({**COSINE, **LEADING}, 10),
        "trained_betas": ({**TRAINED}, 8),
        "train_500": ({**SD, "num_train_timesteps": 500, **LEADING}, 6),
        "steps_1": (SD1, 1),
        "steps_2": ({**SD1, **TRAILING}, 2),
        "steps_4": ({**SD1, **LEADING}, 4),
        "steps_25": ({**SD1, **LEADING}, 25),
    }


def flow_match_cases():
    """FlowMatchEuler and FlowMatchLCM: SD3's fixed shift, Flux's dynamic one."""
    dynamic = {"use_dynamic_shifting": True}
    base = {"base_shift": 0.6, "max_shift": 1.3, "base_image_seq_len": 128, "max_image_seq_len": 2048}
    flux = {"flow_sigmas": True, "image_seq_len": 1024}
    return {
        "defaults": ({}, 8),
        "sd3": ({"shift": 3.0}, 28),
        "sd3_shift_below_1": ({"shift": 0.5}, 6),
        "sd3_dynamic": ({"shift": 3.0, **dynamic}, 10, {}, {"image_seq_len": 1024}),
        "flux_dev": ({"shift": 3.0, **dynamic}, 20, {}, flux),
        "flux_dev_large": ({"shift": 3.0, **dynamic}, 7, {}, {"flow_sigmas": True, "image_seq_len": 6144}),
        "flux_schnell": ({"shift": 1.0}, 4, {}, flux),
        "flux_schnell_1": ({"shift": 1.0}, 1, {}, flux),
        "flux_fixed": ({"shift": 2.0}, 5, {}, {"flow_sigmas": True}),
        "dynamic_base": ({**dynamic, **base}, 6, {}, {"flow_sigmas": True, "image_seq_len": 400}),
        "dynamic_linear": ({**dynamic, "time_shift_type": "linear"}, 6, {}, {"mu": 1.7}),
        "dynamic_mu_negative": ({**dynamic}, 6, {}, {"mu": -0.8}),
        "shift_terminal": ({"shift": 2.0, "shift_terminal": 0.1}, 6),
        "shift_terminal_dynamic": ({**dynamic, "shift_terminal": 0.02}, 9, {}, flux),
        "karras": ({"shift": 3.0, **KARRAS}, 8),
        "exponential": ({"shift": 3.0, **EXPONENTIAL}, 8),
        "beta": ({"shift": 3.0, **BETA}, 8),
        "beta_flux": ({**dynamic, **BETA}, 6, {}, flux),
        "invert_sigmas": ({"shift": 2.0, "invert_sigmas": True}, 6),
        "train_400": ({"num_train_timesteps": 400, "shift": 2.0}, 6),
        "steps_1": ({"shift": 3.0}, 1),
        "steps_2": ({"shift": 3.0}, 2),
    }


def consistency_cases():
    """LCM and TCD: few steps among those that the distillation knew."""
    ignored = {"set_alpha_to_one": False, "steps_offset": 1, **TRAILING}
    return {
        "defaults": ({}, 4),
        "sd1": ({**SD1}, 8),
        "linear": ({"beta_start": 0.0002, "beta_end": 0.018, "beta_schedule": "linear"}, 4),
        "ignored_fields": ({**ignored}, 3),
        "original_40": ({"original_inference_steps": 40}, 6),
        "original_1000": ({"original_inference_steps": 1000}, 7),
        "clip_sample": ({"clip_sample": True}, 4),
        "clip_sample_range": ({"clip_sample": True, "clip_sample_range": 0.4}, 4),
        "thresholding": ({**THRESHOLD}, 4),
        "v": ({**V}, 4),
        "v_zero_snr": ({**V, **ZERO_SNR}, 4),
        "x0": ({**X0}, 5),
        "cosine": ({**COSINE}, 4),
        "trained_betas": ({**TRAINED, "original_inference_steps": 20}, 4),
        "strength_half": ({**SD1}, 4, {}, {"strength": 0.5}),
        "strength_0.33": ({**SD1}, 7, {}, {"strength": 0.33}),
        "steps_1": ({}, 1),
        "steps_2": ({}, 2),
        "steps_13": ({}, 13),
        "steps_50": ({}, 50),
    }


def edm_cases():
    """EDM's solvers, with their own levels."""
    return {
        "defaults": ({}, 10),
        "playground": ({"sigma_min": 0.002, "sigma_max": 80.0, "sigma_data": 0.5}, 25),
        "sigma_range": ({"sigma_min": 0.03, "sigma_max": 14.0}, 8),
        "sigma_data": ({"sigma_data": 1.3}, 8),
        "exponential": ({"sigma_schedule": "exponential"}, 8),
        "exponential_range": ({"sigma_schedule": "exponential", "sigma_min": 0.03, "sigma_max": 14.0}, 5),
        "rho_5": ({"rho": 5.0}, 8),
        "v": ({**V}, 8),
        "final_sigma_min": ({"final_sigmas_type": "sigma_min"}, 8),
        "final_sigma_min_exponential": ({"final_sigmas_type": "sigma_min", "sigma_schedule": "exponential"}, 5),
        "train_400": ({"num_train_timesteps": 400}, 5),
        "steps_1": ({}, 1),
        "steps_1_exponential": ({"sigma_schedule": "exponential"}, 1),
        "steps_2": ({}, 2),
        "steps_4": ({}, 4),
    }


def ancestor_cases():
    """The classes that step along stored alphas: DDIM and DDPM share these."""
    return {
        "defaults": ({}, 10),
        "sd1_noclip": ({**SD1, "clip_sample": False}, 20),
        "clip_range": ({**SD1, "clip_sample_range": 2.5}, 10),
        "v_trailing": ({**SD, **V, **TRAILING, "clip_sample": False}, 10),
        "v_zero_snr_trailing": ({**SD, **V, **TRAILING, **ZERO_SNR, "clip_sample": False}, 8),
        "x0": ({**SD1, **X0, "clip_sample": False}, 10),
        "linspace": ({**SD, **LINSPACE, "clip_sample": False}, 10),
        "cosine": ({**COSINE}, 10),
        "trained_betas": ({**TRAINED, "clip_sample": False}, 8),
        "thresholding": ({**SD1, **THRESHOLD, "clip_sample": False}, 10),
        "thresholding_default_ratio": ({"thresholding": True, "sample_max_value": 3.0}, 5),
        "steps_1": ({**SD1, "clip_sample": False}, 1),
        "steps_2": ({**SD1, "clip_sample": False, **TRAILING}, 2),
        "steps_50": ({**SD1, "clip_sample": False}, 50),
    }


def multistep_cases():
    """What DPM++ 2M, UniPC and DEIS share: multistep solvers over n + 1 points."""
    return {
        "defaults": ({}, 10),
        "sd1": (SD1, 20),
        "leading": ({**SD1, **LEADING}, 10),
        "trailing": ({**SD, **TRAILING}, 10),
        "v_trailing": ({**SD, **V, **TRAILING}, 10),
        "x0": ({**SD, **X0}, 10),
        "order_1": ({**SD, "solver_order": 1}, 10),
        "order_3": ({**SD, "solver_order": 3}, 10),
        "order_3_long": ({**SD, "solver_order": 3}, 20),
        "order_3_steps_2": ({**SD, "solver_order": 3}, 2),
        "not_lower_order_final": ({**SD, "lower_order_final": False}, 8),
        "karras": ({**SD1, **KARRAS}, 20),
        "karras_order_3": ({**SD, **KARRAS, "solver_order": 3}, 7),
        "exponential": ({**SD, **EXPONENTIAL}, 10),
        "beta": ({**SD, **BETA}, 10),
        "cosine": ({**COSINE, "solver_order": 1}, 10),
        "trained_betas": ({**TRAINED}, 8),
        "thresholding": ({**SD, **THRESHOLD}, 10),
        "flow": ({**FLOW}, 8),
        "steps_1": (SD1, 1),
        "steps_2": (SD1, 2),
        "steps_4": ({**SD1, **TRAILING}, 4),
        "steps_25": ({**SD1, **LEADING}, 25),
    }


def singlestep_and_adams():
    """DPM-Solver++ 2S (whose class has neither spacing nor offset), SA-Solver and iPNDM."""
    end = {"final_sigmas_type": "sigma_min"}
    shared = multistep_cases()
    single = {
        name: ({key: value for key, value in config.items() if key != "steps_offset"}, steps)
        for name, (config, steps) in shared.items() if "timestep_spacing" not in config
    }
    for order in (2, 3):
        for steps in (3, 4, 5, 6, 7):
            lower = {"lower_order_final": True, "solver_order": order}
            single[f"lower_order_final_{order}_steps_{steps}"] = ({**SD, **end, **lower}, steps)
            single[f"sigma_min_{order}_steps_{steps}"] = ({**SD, **end, "solver_order": order}, steps)
    for solver in ("midpoint", "heun"):
        for algorithm in ("dpmsolver", "dpmsolver++", "sde-dpmsolver++"):
            for order in (2, 3):
                single[f"{algorithm}_{solver}_{order}"] = (
                    {**SD, **end, "algorithm_type": algorithm, "solver_type": solver, "solver_order": order},
                    9 if order == 3 else 8,
                )
    single["dpmsolver_1"] = ({**SD, **end, "algorithm_type": "dpmsolver", "solver_order": 1}, 8)
    single["dpmsolver_v"] = ({**SD, **end, **V, "algorithm_type": "dpmsolver"}, 8)
    single["dpmsolver_x0"] = ({**SD, **end, **X0, "algorithm_type": "dpmsolver"}, 8)
    single["sde_zero"] = ({**SD, "algorithm_type": "sde-dpmsolver++"}, 8)
    single["sde_zero_order_3_karras"] = ({**SD, **KARRAS, "algorithm_type": "sde-dpmsolver++", "solver_order": 3}, 7)
    single["lambda_min_clipped"] = ({**COSINE, "lambda_min_clipped": -5.1}, 10)
    single["variance_learned"] = ({**SD, "variance_type": "learned"}, 6)
    single["variance_learned_range"] = ({**SD, "variance_type": "learned_range"}, 6)
    single["final_sigma_min_karras"] = ({**SD, **end, **KARRAS}, 6)
    single["flow_order_3"] = ({**FLOW, "solver_order": 3}, 9)
    single["flow_dynamic"] = ({**FLOW, "use_dynamic_shifting": True}, 8, {}, {"mu": 1.1})
    single["flow_dynamic_without_mu"] = ({**FLOW, "use_dynamic_shifting": True, "time_shift_type": "linear"}, 4)
    single["renamed"] = ({**SD, **end, "algorithm_type": "deis", "solver_type": "logrho"}, 4)

    sa = {
        name: (config, steps) for name, (config, steps) in shared.items() if "solver_order" not in config
    }
    noise = {"algorithm_type": "noise_prediction"}
    for predictor, corrector in ((1, 1), (1, 2), (2, 1), (2, 2), (3, 3), (3, 1), (1, 4), (4, 4)):
        orders = {"predictor_order": predictor, "corrector_order": corrector}
        sa[f"orders_{predictor}_{corrector}"] = ({**SD, **orders}, 12)
        sa[f"noise_{predictor}_{corrector}"] = ({**SD, **orders, **noise}, 12)
        sa[f"not_lower_order_final_{predictor}_{corrector}"] = ({**SD, **orders, "lower_order_final": False}, 7)
    sa["noise_v"] = ({**SD, **V, **noise}, 10)
    sa["noise_x0"] = ({**SD, **X0, **noise}, 10)
    sa["noise_karras"] = ({**SD, **KARRAS, **noise}, 10)
    sa["lambda_min_clipped"] = ({**COSINE, "lambda_min_clipped": -5.1}, 10)
    sa["lambda_min_clipped_leading"] = ({**COSINE, **LEADING, "lambda_min_clipped": -3.0}, 8)
    sa["variance_fixed"] = ({**SD, "variance_type": "fixed_small"}, 6)
    sa["variance_learned"] = ({**SD, "variance_type": "learned"}, 6)

    sde = {
        name: ({**config, "noise_sampler_seed": seed}, steps)
        for seed, (name, (config, steps)) in enumerate(discrete_sigma_cases().items())
    }
    sde["seed_large"] = ({**SD1, **KARRAS, "noise_sampler_seed": 2**63 - 2}, 8)
    sde["steps_50"] = ({**SD1, "noise_sampler_seed": 1}, 50)

    ipndm = {f"steps_{steps}": ({}, steps) for steps in (1, 2, 3, 4, 5, 10, 25, 50)}
    ipndm["train_500"] = ({"num_train_timesteps": 500}, 6)
    ipndm["trained_betas"] = ({"trained_betas": [0.9, 0.7, 0.4, 0.2, 0.05, 0.0]}, 5)
    return {
        "dpmpp_2s": ("DPMSolverSinglestepScheduler", single),
        "dpmpp_sde": ("DPMSolverSDEScheduler", sde),
        "sa_solver": ("SASolverScheduler", sa),
        "ipndm": ("IPNDMScheduler", ipndm),
    }


def unclip_cases():
    """Karlo's prior, decoder and upsamplers; the class has no spacing and no betas of its own."""
    learned = {"variance_type": "learned_range"}
    prior = {**X0, "clip_sample_range": 5.0}
    return {
        "defaults": ({}, 10),
        "prior": (prior, 25),
        "prior_range_10": ({**X0, "clip_sample_range": 10.0}, 7),
        "decoder": (learned, 25),
        "decoder_50": (learned, 50),
        "upsampler": ({}, 7),
        "clip_range": ({"clip_sample_range": 0.4}, 8),
        "x0_no_clip": ({**X0, "clip_sample": False}, 6),
        "learned_x0": ({**learned, **prior}, 9),
        "train_100": ({"num_train_timesteps": 100}, 10),
        "every_timestep": ({"num_train_timesteps": 20, **learned}, 20),
        "steps_2": ({}, 2),
        "steps_3": ({}, 3),
    }


def begun_cases():
    """{scheduler: (class, [(config, steps, first step, step kwargs, set_timesteps kwargs)])}, as image-to-image begins."""
    half_log_snr = [
        ({**SD1}, 10, 4, {}, {}),
        ({**SD1, **LEADING}, 10, 9, {}, {}),
        ({**SD, "solver_order": 3}, 20, 7, {}, {}),
        ({**SD1, **KARRAS}, 8, 3, {}, {}),
    ]
    sigma_space = [
        ({**SD1, **LEADING}, 10, 4, {}, {}),
        ({**SD}, 9, 8, {}, {}),
        ({**SD, **TRAILING}, 8, 1, {}, {}),
    ]
    whole = [
        ({**SD1, "clip_sample": False}, 10, 4, {}, {}),
        ({**SD1, "clip_sample": False}, 10, 9, {}, {}),
    ]
    few = [({**SD1}, 8, 3, {}, {}), ({**SD1}, 4, 3, {}, {}), ({**SD1}, 4, 0, {}, {"strength": 0.5})]
    flow = [({"shift": 3.0}, 10, 4, {}, {}), ({"shift": 3.0}, 7, 6, {}, {})]
    flux = [({"shift": 3.0, "use_dynamic_shifting": True}, 8, 3, {}, {"flow_sigmas": True, "image_seq_len": 1024})]
    edm = [({}, 10, 4, {}, {}), ({}, 7, 6, {}, {})]
    sde = [({**config, "algorithm_type": "sde-dpmsolver++"}, *rest) for config, *rest in half_log_snr[:2]]
    pndm = [({**SD1, "skip_prk_steps": True}, 10, begin, {}, {}) for begin in (0, 1, 4, 9)]
    adams = [({**SD1}, 10, 4, {}, {}), ({**SD1, **KARRAS}, 8, 3, {}, {})]
    return {
        "ddim": ("DDIMScheduler", [*whole, ({**SD1, "clip_sample": False}, 10, 4, {"eta": 0.5}, {})]),
        "ddpm": ("DDPMScheduler", whole),
        "pndm": ("PNDMScheduler", pndm),
        "lms": ("LMSDiscreteScheduler", sigma_space),
        "euler": ("EulerDiscreteScheduler", sigma_space),
        "euler_ancestral": ("EulerAncestralDiscreteScheduler", sigma_space),
        "heun": ("HeunDiscreteScheduler", sigma_space),
        "dpm2": ("KDPM2DiscreteScheduler", sigma_space),
        "dpm2_ancestral": ("KDPM2AncestralDiscreteScheduler", sigma_space),
        "dpmpp_2m": ("DPMSolverMultistepScheduler", half_log_snr),
        "dpmpp_2m_sde": ("DPMSolverMultistepScheduler", sde),
        "unipc": ("UniPCMultistepScheduler", half_log_snr),
        "deis": ("DEISMultistepScheduler", half_log_snr),
        "sa_solver": ("SASolverScheduler", adams),
        "lcm": ("LCMScheduler", few),
        "tcd": ("TCDScheduler", [({**SD1}, 8, 3, {"eta": 0.3}, {}), ({**SD1}, 4, 0, {"eta": 0.3}, {"strength": 0.5})]),
        "flow_euler": ("FlowMatchEulerDiscreteScheduler", flow + flux),
        "flow_heun": ("FlowMatchHeunDiscreteScheduler", flow),
        "flow_lcm": ("FlowMatchLCMScheduler", flow + flux),
        "edm_euler": ("EDMEulerScheduler", edm),
        "edm_dpmpp_2m": ("EDMDPMSolverMultistepScheduler", edm),
    }


def cases():
    ddim = ancestor_cases()
    ddim["set_alpha_to_one_false"] = ({**SD1, "clip_sample": False, "set_alpha_to_one": False}, 20)
    ddim["eta_1"] = ({**SD1, "clip_sample": False}, 10, {"eta": 1.0})
    ddim["eta_half_clipped_linspace"] = ({**SD, **LINSPACE}, 6, {"eta": 0.5})
    again = {"use_clipped_model_output": True}
    ddim["clipped_output"] = ({}, 10, again)
    ddim["clipped_output_eta"] = ({**SD, "clip_sample_range": 0.7}, 8, {**again, "eta": 0.6})
    ddim["clipped_output_v"] = ({**SD, **V, **TRAILING, "clip_sample_range": 0.5}, 8, again)
    ddim["clipped_output_x0"] = ({**SD1, **X0, "clip_sample_range": 0.3}, 8, again)
    ddim["clipped_output_thresholding"] = ({**SD1, **THRESHOLD}, 8, {**again, "eta": 1.0})

    ddpm = ancestor_cases()
    for variance in ("fixed_small_log", "fixed_large", "fixed_large_log", "learned", "learned_range"):
        ddpm[f"variance_{variance}"] = ({**SD1, "clip_sample": False, "variance_type": variance}, 8)
    # DeepFloyd IF's: learned variance, dynamic thresholding.
    ddpm["variance_learned_range_thresholding"] = (
        {**COSINE, **THRESHOLD, "clip_sample": False, "variance_type": "learned_range"},
        10,
    )
    ddpm["variance_learned_range_v"] = ({**SD, **V, **TRAILING, "variance_type": "learned_range"}, 5)

    pndm = {
        "defaults": ({}, 10),
        "sd1": ({**SD1, "skip_prk_steps": True}, 20),
        "sd1_50": ({**SD1, "skip_prk_steps": True}, 50),
        "sd1_prk": (SD1, 10),
        "set_alpha_to_one": ({**SD1, "skip_prk_steps": True, "set_alpha_to_one": True}, 10),
        "v_skip": ({**SD1, **V, "skip_prk_steps": True}, 10),
        "v_prk": ({**SD1, **V}, 8),
        "linspace_skip": ({**SD, **LINSPACE, "skip_prk_steps": True}, 10),
        "linspace_prk": ({**SD, **LINSPACE}, 6),
        "trailing_skip": ({**SD, **TRAILING, "skip_prk_steps": True}, 10),
        "cosine": ({**COSINE, "skip_prk_steps": True}, 10),
        "trained_betas": ({**TRAINED, "skip_prk_steps": True}, 8),
        "steps_1_skip": ({**SD1, "skip_prk_steps": True}, 1),
        "steps_2_skip": ({**SD1, "skip_prk_steps": True}, 2),
        "steps_4_skip": ({**SD1, "skip_prk_steps": True}, 4),
        "steps_4_prk": (SD1, 4),
        "steps_5_skip_offset_0": ({**SD, "skip_prk_steps": True}, 5),
    }

    euler = discrete_sigma_cases()
    euler["interpolation_log_linear"] = ({**SD, "interpolation_type": "log_linear"}, 10)
    euler["continuous_v_sigmas"] = (
        {**SD, **V, "timestep_type": "continuous", "sigma_min": 0.002, "sigma_max": 70.0, **KARRAS},
        8,
    )
    euler["sigma_min_max_exponential"] = ({**SD, "sigma_min": 0.05, "sigma_max": 12.0, **EXPONENTIAL}, 8)
    euler["sigma_min_max_ignored"] = ({**SD, "sigma_min": 0.05, "sigma_max": 12.0}, 5)
    euler["v_zero_snr_trailing"] = ({**SD, **V, **TRAILING, **ZERO_SNR}, 8)
    euler["final_sigma_min"] = ({**SD1, "final_sigmas_type": "sigma_min"}, 10)
    euler["final_sigma_min_karras"] = ({**SD1, "final_sigmas_type": "sigma_min", **KARRAS}, 6)
    euler["x0"] = ({**SD, **X0}, 10)

    ancestral = {
        name: case for name, case in discrete_sigma_cases().items()
        if not any(word in name for word in ("karras", "exponential", "beta_", "beta"))
        or name == "trained_betas"
    }
    ancestral["v_zero_snr_trailing"] = ({**SD, **V, **TRAILING, **ZERO_SNR}, 8)

    heun = discrete_sigma_cases()
    heun["clip_sample"] = ({**SD, "clip_sample": True}, 8)
    heun["clip_sample_range"] = ({**SD1, "clip_sample": True, "clip_sample_range": 0.3, **LEADING}, 8)
    heun["x0"] = ({**SD, **X0}, 6)
    heun["cosine_exp_betas"] = ({"beta_schedule": "exp"}, 6)

    lms = discrete_sigma_cases()
    lms["x0"] = ({**SD, **X0}, 10)

    dpmpp = multistep_cases()
    dpmpp["heun"] = ({**SD, "solver_type": "heun"}, 10)
    dpmpp["heun_order_3"] = ({**SD, "solver_type": "heun", "solver_order": 3}, 16)
    dpmpp["euler_at_final"] = ({**SD, "euler_at_final": True}, 20)
    dpmpp["euler_at_final_sigma_min"] = (
        {**SD, "euler_at_final": True, "lower_order_final": False, "final_sigmas_type": "sigma_min"},
        6,
    )
    dpmpp["lu_lambdas"] = ({**SD, "use_lu_lambdas": True}, 10)
    dpmpp["final_sigma_min"] = ({**SD1, "final_sigmas_type": "sigma_min"}, 20)
    dpmpp["final_sigma_min_karras"] = ({**SD1, "final_sigmas_type": "sigma_min", **KARRAS}, 6)
    dpmpp["lambda_min_clipped"] = ({**COSINE, "lambda_min_clipped": -5.1}, 10)
    dpmpp["lambda_min_clipped_leading"] = ({**COSINE, **LEADING, "lambda_min_clipped": -3.0}, 8)
    dpmpp["cosine_karras"] = ({**COSINE, **KARRAS}, 8)
    dpmpp["v_zero_snr_trailing"] = ({**SD, **V, **TRAILING, **ZERO_SNR}, 8)
    dpmpp["variance_learned"] = ({**SD1, "variance_type": "learned"}, 6)
    dpmpp["variance_learned_range"] = ({**SD1, "variance_type": "learned_range", **LEADING}, 6)
    for order in (1, 2, 3):
        dpmpp[f"dpmsolver_order_{order}"] = (
            {**SD, "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min", "solver_order": order},
            10,
        )
    dpmpp["dpmsolver_heun_v"] = (
        {**SD, **V, "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min", "solver_type": "heun"},
        10,
    )
    dpmpp["solver_type_renamed"] = ({**SD, "solver_type": "bh2"}, 4)

    sde = {}
    plus = {"algorithm_type": "sde-dpmsolver++"}
    for name in ("sd1", "leading", "trailing", "v_trailing", "x0", "order_1", "karras", "exponential",
                 "beta", "cosine", "trained_betas", "thresholding", "flow", "steps_1", "steps_2", "steps_4"):
        config, steps = multistep_cases()[name]
        sde[name] = ({**config, **plus}, steps)
    sde["order_3"] = ({**SD, **plus, "solver_order": 3}, 10)
    sde["heun"] = ({**SD, **plus, "solver_type": "heun"}, 10)
    sde["euler_at_final"] = ({**SD, **plus, "euler_at_final": True}, 20)
    sde["lu_lambdas"] = ({**SD, **plus, "use_lu_lambdas": True}, 8)
    sde["final_sigma_min"] = ({**SD1, **plus, "final_sigmas_type": "sigma_min"}, 16)
    sde["v_zero_snr_trailing"] = ({**SD, **V, **TRAILING, **ZERO_SNR, **plus}, 6)
    for solver in ("midpoint", "heun"):
        sde[f"sde_dpmsolver_{solver}"] = (
            {**SD, "algorithm_type": "sde-dpmsolver", "final_sigmas_type": "sigma_min", "solver_type": solver},
            10,
        )

    unipc = multistep_cases()
    # With a last sigma of zero diffusers itself divides infinities here (h of the last step is infinite).
    end = {"final_sigmas_type": "sigma_min"}
    unipc["not_lower_order_final"] = ({**SD, **end, "lower_order_final": False}, 8)
    unipc["not_lower_order_final_order_3"] = ({**SD, **end, "lower_order_final": False, "solver_order": 3}, 6)
    unipc["bh1"] = ({**SD, **end, "solver_type": "bh1"}, 10)
    unipc["bh1_order_3"] = ({**SD, **end, "solver_type": "bh1", "solver_order": 3}, 10)
    unipc["predict_noise"] = ({**SD, **end, "predict_x0": False}, 10)
    unipc["predict_noise_order_3"] = ({**SD, **end, "predict_x0": False, "solver_order": 3}, 8)
    unipc["predict_noise_v_bh1"] = ({**SD, **V, **end, "predict_x0": False, "solver_type": "bh1"}, 8)
    unipc["predict_noise_x0"] = ({**SD, **X0, **end, "predict_x0": False}, 6)
    unipc["disable_corrector"] = ({**SD, "disable_corrector": [0, 1, 4]}, 10)
    unipc["final_sigma_min"] = ({**SD1, "final_sigmas_type": "sigma_min"}, 10)
    unipc["final_sigma_min_karras"] = ({**SD1, "final_sigmas_type": "sigma_min", **KARRAS}, 6)
    unipc["v_zero_snr_trailing"] = ({**SD, **V, **TRAILING, **ZERO_SNR}, 8)
    unipc["solver_type_renamed"] = ({**SD, "solver_type": "midpoint"}, 4)

    deis = multistep_cases()
    deis["algorithm_type_renamed"] = ({**SD, "algorithm_type": "dpmsolver++", "solver_type": "heun"}, 5)

    lcm = consistency_cases()
    lcm["timestep_scaling"] = ({"timestep_scaling": 0.001}, 4)

    tcd = consistency_cases()
    for eta in (0.3, 1.0):
        tcd[f"eta_{eta}"] = ({**SD1}, 5, {"eta": eta})
    tcd["eta_0.7_v"] = ({**SD1, **V}, 4, {"eta": 0.7})
    tcd["eta_0.3_x0"] = ({**SD1, **X0}, 8, {"eta": 0.3})
    tcd["eta_0.3_strength"] = ({}, 4, {"eta": 0.3}, {"strength": 0.6})
    tcd["eta_0"] = ({}, 4, {"eta": 0.0})
    # Without an eta diffusers' class takes 0.3; its pipelines pass 0, and so do we.
    tcd = {name: case if len(case) > 2 and case[2] else (*case[:2], {"eta": 0.0}, *case[3:])
           for name, case in tcd.items()}
    tcd["timestep_scaling_ignored"] = ({"timestep_scaling": 0.001}, 4, {"eta": 0.0})

    flow_heun = {
        f"{'shift_' if config else ''}{config.get('shift', 'default')}_steps_{steps}": (config, steps)
        for config in ({}, {"shift": 3.0}, {"shift": 0.4})
        for steps in (1, 2, 5, 10)
    }
    flow_heun["train_400"] = ({"num_train_timesteps": 400, "shift": 2.0}, 6)

    edm = edm_cases()
    edm_dpmpp = edm_cases()
    sde_plus = {"algorithm_type": "sde-dpmsolver++"}
    for name, config, steps in (
        ("order_1", {"solver_order": 1}, 8),
        ("order_3", {"solver_order": 3}, 10),
        ("order_3_long", {"solver_order": 3}, 18),
        ("heun", {"solver_type": "heun"}, 10),
        ("heun_order_3", {"solver_type": "heun", "solver_order": 3}, 16),
        ("sde", {**sde_plus}, 8),
        ("sde_heun", {**sde_plus, "solver_type": "heun"}, 16),
        ("sde_final_sigma_min", {**sde_plus, "final_sigmas_type": "sigma_min"}, 16),
        ("not_lower_order_final", {"lower_order_final": False, "final_sigmas_type": "sigma_min"}, 8),
        ("euler_at_final", {"euler_at_final": True, "final_sigmas_type": "sigma_min"}, 20),
        ("thresholding", {**THRESHOLD}, 8),
        ("renamed", {"algorithm_type": "deis", "solver_type": "bh2", "final_sigmas_type": "sigma_min"}, 5),
    ):
        edm_dpmpp[name] = (config, steps)

    flow_euler = flow_match_cases()
    flow_euler["stochastic"] = ({"shift": 3.0, "stochastic_sampling": True}, 6)

    for table in (dpmpp, unipc, deis):
        table["flow_dynamic"] = ({**FLOW, "use_dynamic_shifting": True}, 8, {}, {"mu": 1.1})
        table["flow_dynamic_without_mu"] = ({**FLOW, "use_dynamic_shifting": True, "time_shift_type": "linear"}, 5)
    sde["flow_dynamic"] = ({**FLOW, **plus, "use_dynamic_shifting": True}, 8, {}, {"mu": 0.4})

    return {
        **singlestep_and_adams(),
        "unclip": ("UnCLIPScheduler", unclip_cases()),
        "ddim": ("DDIMScheduler", ddim),
        "ddpm": ("DDPMScheduler", ddpm),
        "pndm": ("PNDMScheduler", pndm),
        "lms": ("LMSDiscreteScheduler", lms),
        "euler": ("EulerDiscreteScheduler", euler),
        "euler_ancestral": ("EulerAncestralDiscreteScheduler", ancestral),
        "heun": ("HeunDiscreteScheduler", heun),
        "dpm2": ("KDPM2DiscreteScheduler", discrete_sigma_cases()),
        "dpm2_ancestral": ("KDPM2AncestralDiscreteScheduler", discrete_sigma_cases()),
        "dpmpp_2m": ("DPMSolverMultistepScheduler", dpmpp),
        "dpmpp_2m_sde": ("DPMSolverMultistepScheduler", sde),
        "unipc": ("UniPCMultistepScheduler", unipc),
        "deis": ("DEISMultistepScheduler", deis),
        "lcm": ("LCMScheduler", lcm),
        "tcd": ("TCDScheduler", tcd),
        "flow_heun": ("FlowMatchHeunDiscreteScheduler", flow_heun),
        "flow_lcm": ("FlowMatchLCMScheduler", flow_match_cases()),
        "edm_euler": ("EDMEulerScheduler", edm),
        "edm_dpmpp_2m": ("EDMDPMSolverMultistepScheduler", edm_dpmpp),
        "flow_euler": ("FlowMatchEulerDiscreteScheduler", flow_euler),
    }
