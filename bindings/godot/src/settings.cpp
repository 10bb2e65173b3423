#include "settings.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

#include <godot_cpp/classes/image.hpp>
#include <godot_cpp/variant/array.hpp>
#include <godot_cpp/variant/variant.hpp>

#include "pictures.hpp"
#include "text.hpp"

using diffusion::Done;
using diffusion::Options;
using diffusion::Request;
using godot::Variant;

namespace libdiffusion {

namespace {

template <class Object>
struct Setting {
    const char *name;
    Done (*set)(Object &object, const Variant &value);
};

Done set_picture(Request &request, const Variant &value,
                 diffusion_status (*function)(diffusion_request *, const diffusion_image *))
{
    const godot::Ref<godot::Image> picture = value;
    if (picture.is_null())
        return diffusion::Error{DIFFUSION_STATUS_INVALID_ARGUMENT, "a picture to start from must be an Image"};
    const auto image = from_godot(picture);
    if (!image)
        return image.error();
    return request.set(function, *image); // which keeps what it needs
}

// The numbers' types are C's: GDScript has 64 bits of either, and a number with a point where a whole one is due is cut off.
constexpr Setting<Options> options_settings[] = {
    {"ort_library", [](Options &o, const Variant &v) { return o.set(diffusion_pipeline_options_set_ort_library, path(v)); }},
    {"provider", [](Options &o, const Variant &v) { return o.set(diffusion_pipeline_options_set_provider, text(v)); }},
    {"precision", [](Options &o, const Variant &v) { return o.set(diffusion_pipeline_options_set_precision, text(v)); }},
    {"memory", [](Options &o, const Variant &v) { return o.set(diffusion_pipeline_options_set_memory, text(v)); }},
    {"cache_dir", [](Options &o, const Variant &v) { return o.set(diffusion_pipeline_options_set_cache_dir, path(v)); }},
    {"threads", [](Options &o, const Variant &v) { return o.set(diffusion_pipeline_options_set_threads, std::int64_t(v)); }},
};

constexpr Setting<Request> request_settings[] = {
    {"negative_prompt", [](Request &r, const Variant &v) { return r.set(diffusion_request_set_negative_prompt, text(v)); }},
    {"seed", [](Request &r, const Variant &v) { return r.seed(static_cast<std::uint64_t>(std::int64_t(v))); }},
    {"steps", [](Request &r, const Variant &v) { return r.steps(std::int64_t(v)); }},
    {"guidance", [](Request &r, const Variant &v) { return r.set(diffusion_request_set_guidance, double(v)); }},
    {"width", [](Request &r, const Variant &v) { return r.set(diffusion_request_set_width, std::int64_t(v)); }},
    {"height", [](Request &r, const Variant &v) { return r.set(diffusion_request_set_height, std::int64_t(v)); }},
    {"scheduler", [](Request &r, const Variant &v) { return r.set(diffusion_request_set_scheduler, text(v)); }},
    {"sigmas", [](Request &r, const Variant &v) { return r.set(diffusion_request_set_sigmas, text(v)); }},
    {"image", [](Request &r, const Variant &v) { return set_picture(r, v, diffusion_request_set_init_image); }},
    {"mask", [](Request &r, const Variant &v) { return set_picture(r, v, diffusion_request_set_mask_image); }},
    {"strength", [](Request &r, const Variant &v) { return r.set(diffusion_request_set_strength, double(v)); }},
    {"seamless", [](Request &r, const Variant &v) { return r.set(diffusion_request_set_seamless, text(v)); }},
    {"preview", [](Request &r, const Variant &v) { return r.set(diffusion_request_set_previews, text(v), 1); }},
};

template <class Object, std::size_t count>
Done set_all(Object &object, const godot::Dictionary &from, const Setting<Object> (&settings)[count])
{
    const godot::Array keys = from.keys();
    for (std::int64_t i = 0; i < keys.size(); ++i) {
        const std::string name = text(keys[i]);
        const Setting<Object> *found = nullptr;
        std::string names;
        for (const Setting<Object> &setting : settings) {
            names += (names.empty() ? "" : ", ") + std::string(setting.name);
            if (name == setting.name)
                found = &setting;
        }
        if (found == nullptr)
            return diffusion::Error{DIFFUSION_STATUS_INVALID_ARGUMENT,
                                    "there is no setting \"" + name + "\": it must be one of " + names};
        const Done set = found->set(object, from[keys[i]]);
        if (!set)
            return set;
    }
    return std::monostate{};
}

} // namespace

Done set_options(Options &options, const godot::Dictionary &from) { return set_all(options, from, options_settings); }

Done set_request(Request &request, const godot::Dictionary &from) { return set_all(request, from, request_settings); }

} // namespace libdiffusion
