/*
 * The setters of the header that take a text or two, numbers, a text and numbers, or a list of numbers.
 * Made from include/diffusion.h: python3 bindings/declare.py
 */

#define REQUEST_TEXTS(X) \
    X(class_name) X(last_stage) X(hires_upscale) X(prompt) X(prompt_2) X(prompt_3) X(negative_prompt) \
    X(negative_prompt_2) X(negative_prompt_3) X(syntax) X(safety) X(scheduler) X(sigmas) X(seamless) X(rng) \
    X(seed_mode) X(tiling)

#define REQUEST_PAIRS(X) \
    X(stage_scheduler)

#define REQUEST_NUMBERS(X) \
    X(class, "i", W(0)) X(guess_mode, "i", narrow(W(0))) X(boxes_until, "f", F(0)) X(guidance_rescale, "f", F(0)) \
    X(guidance_interval, "ff", F(0), F(1)) X(guidance_plus_plus, "f", F(0)) \
    X(guidance_projection, "fff", F(0), F(1), F(2)) X(guidance_threshold, "ff", F(0), F(1)) \
    X(guidance_mimic_scale, "ff", F(0), F(1)) X(guidance_zero_star, "i", W(0)) X(reuse, "fii", F(0), W(1), W(2)) \
    X(negative_schedule, "if", W(0), F(1)) X(hires_scale, "f", F(0)) X(hires_size, "ii", W(0), W(1)) \
    X(hires_steps, "i", W(0)) X(hires_strength, "f", F(0)) X(clip_skip, "i", W(0)) X(max_tokens, "i", W(0)) \
    X(steps, "i", W(0)) X(guidance, "f", F(0)) X(image_guidance, "f", F(0)) X(true_guidance, "f", F(0)) \
    X(noise_level, "i", W(0)) X(eta, "f", F(0)) X(denoising_end, "f", F(0)) X(denoising_start, "f", F(0)) \
    X(seed, "i", (uint64_t)W(0)) X(variation, "if", (uint64_t)W(0), F(1)) X(original_size, "ii", W(0), W(1)) \
    X(crop, "ii", W(0), W(1)) X(target_size, "ii", W(0), W(1)) X(negative_original_size, "ii", W(0), W(1)) \
    X(negative_crop, "ii", W(0), W(1)) X(negative_target_size, "ii", W(0), W(1)) X(aesthetic_score, "f", F(0)) \
    X(negative_aesthetic_score, "f", F(0)) X(width, "i", W(0)) X(height, "i", W(0)) X(count, "i", W(0)) \
    X(format, "i", narrow(W(0))) X(strength, "f", F(0)) X(mask_blur, "f", F(0)) X(mask_padding, "i", W(0)) \
    X(paste_back, "i", narrow(W(0)))

#define REQUEST_KEYED(X) \
    X(edit, "f", F(0)) X(stage_steps, "i", W(0)) X(stage_guidance, "f", F(0)) X(stage_guide_scale, "f", F(0)) \
    X(stage_candidates, "i", W(0)) X(previews, "i", W(0))

#define REQUEST_FLOATS(X) \
    X(guidance_scales)

#define REQUEST_DOUBLES(X) \
    X(custom_sigmas) X(custom_timesteps)

#define OPTION_TEXTS(X) \
    X(ort_library) X(provider) X(precision) X(fallback) X(memory) X(cache_dir)

#define OPTION_PAIRS(X) \
    X(graph_provider) X(provider_option)

#define OPTION_NUMBERS(X) \
    X(device_id, "i", W(0)) X(threads, "i", W(0)) X(job_queue, "i", W(0)) X(preparation, "i", narrow(W(0))) \
    X(cache_limit, "i", (uint64_t)W(0))
