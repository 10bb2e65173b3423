#include "diffusion_node.hpp"

#include <utility>

#include <godot_cpp/core/class_db.hpp>

#include "pictures.hpp"
#include "settings.hpp"
#include "text.hpp"

using godot::ClassDB;
using godot::D_METHOD;
using godot::Dictionary;
using godot::MethodInfo;
using godot::PropertyInfo;
using godot::Variant;
using libdiffusion::path;
using libdiffusion::text;

bool Diffusion::open(const godot::String &folder, const Dictionary &options)
{
    auto set = diffusion::Options::create();
    if (!set)
        return fail(set.error());
    const auto all = libdiffusion::set_options(*set, options);
    if (!all)
        return fail(all.error());
    auto job = diffusion::Job::open(path(folder), &*set);
    if (!job)
        return fail(job.error());
    cancel();
    pipeline_.reset(); // a picture that is being drawn goes on until it has stopped
    opening_ = *std::move(job);
    return true;
}

bool Diffusion::is_open() const { return pipeline_.has_value(); }

bool Diffusion::generate(const godot::String &prompt, const Dictionary &settings)
{
    if (!pipeline_ && !opening_)
        return fail({DIFFUSION_STATUS_INVALID_ARGUMENT, "no model is open: call open() first"});
    auto request = diffusion::Request::create();
    if (!request)
        return fail(request.error());
    auto set = request->prompt(text(prompt));
    if (set)
        set = libdiffusion::set_request(*request, settings);
    if (!set)
        return fail(set.error());
    cancel();
    next_ = *std::move(request);
    return true;
}

bool Diffusion::is_busy() const { return next_ || drawing_; }

void Diffusion::cancel()
{
    // A job is given back only once it is done: giving it back before may wait for it.
    if (drawing_)
        (void)drawing_->cancel();
    if (next_) {
        next_.reset();
        emit_signal("cancelled");
    }
}

bool Diffusion::save(const godot::String &file)
{
    if (!result_)
        return fail({DIFFUSION_STATUS_INVALID_ARGUMENT, "there is no finished picture to save"});
    const auto image = result_->image(0);
    if (!image)
        return fail(image.error());
    const auto saved = image->save(path(file));
    return saved ? true : fail(saved.error());
}

godot::Ref<godot::ImageTexture> Diffusion::get_texture() const { return texture_; }

godot::String Diffusion::get_info() const { return pipeline_ ? text(std::string(pipeline_->info_json())) : godot::String(); }

void Diffusion::_process(double)
{
    if (opening_)
        follow_opening();
    if (drawing_)
        follow_drawing();
    if (pipeline_ && next_ && !drawing_)
        start();
}

void Diffusion::follow_opening()
{
    if (!opening_->is_done())
        return;
    const diffusion::Job job = std::move(*opening_);
    opening_.reset();
    auto pipeline = job.take_pipeline();
    if (!pipeline) {
        next_.reset(); // which would wait for ever
        fail(pipeline.error());
        return;
    }
    pipeline_ = *std::move(pipeline);
    emit_signal("opened");
}

void Diffusion::start()
{
    auto job = diffusion::Job::generate(*pipeline_, *next_);
    next_.reset();
    if (!job) {
        fail(job.error());
        return;
    }
    drawing_ = *std::move(job);
    reported_ = {};
    previews_seen_ = 0;
}

// Signals come last in every branch: what is called by them may call open(), generate() and cancel().
void Diffusion::follow_drawing()
{
    if (!drawing_->is_done()) {
        const diffusion::JobProgress now = drawing_->progress();
        const bool is_new = now.phase != reported_.phase || now.step != reported_.step;
        reported_ = now;
        godot::Ref<godot::Image> shown;
        if (drawing_->preview_number() != previews_seen_) {
            previews_seen_ = drawing_->preview_number();
            if (const auto preview = drawing_->preview())
                if (const auto picture = libdiffusion::to_godot(preview->view())) {
                    shown = *picture;
                    show(shown);
                }
        }
        if (is_new)
            emit_signal("progress", text(std::string(diffusion_phase_name(now.phase))), now.step, now.steps);
        if (shown.is_valid())
            emit_signal("preview", shown);
        return;
    }
    const diffusion::Job job = std::move(*drawing_);
    drawing_.reset();
    auto result = job.take_result();
    if (!result) {
        fail(result.error());
        return;
    }
    const auto image = result->image(0);
    auto picture = image ? libdiffusion::to_godot(*image)
                         : diffusion::Expected<godot::Ref<godot::Image>>(image.error());
    if (!picture) {
        fail(picture.error());
        return;
    }
    result_ = *std::move(result);
    show(*picture);
    emit_signal("finished", *picture, text(std::string(result_->settings_json())));
}

// A texture of another size is made anew in place, so that whoever shows it need not be told.
void Diffusion::show(const godot::Ref<godot::Image> &picture)
{
    if (texture_.is_null())
        texture_.instantiate();
    if (texture_->get_width() == picture->get_width() && texture_->get_height() == picture->get_height())
        texture_->update(picture);
    else
        texture_->set_image(picture);
}

bool Diffusion::fail(const diffusion::Error &error)
{
    if (error.status == DIFFUSION_STATUS_CANCELLED)
        emit_signal("cancelled");
    else
        emit_signal("failed", text(error.message));
    return false;
}

void Diffusion::_bind_methods()
{
    ClassDB::bind_method(D_METHOD("open", "folder", "options"), &Diffusion::open, DEFVAL(Dictionary()));
    ClassDB::bind_method(D_METHOD("is_open"), &Diffusion::is_open);
    ClassDB::bind_method(D_METHOD("generate", "prompt", "settings"), &Diffusion::generate, DEFVAL(Dictionary()));
    ClassDB::bind_method(D_METHOD("is_busy"), &Diffusion::is_busy);
    ClassDB::bind_method(D_METHOD("cancel"), &Diffusion::cancel);
    ClassDB::bind_method(D_METHOD("save", "file"), &Diffusion::save);
    ClassDB::bind_method(D_METHOD("get_texture"), &Diffusion::get_texture);
    ClassDB::bind_method(D_METHOD("get_info"), &Diffusion::get_info);

    const PropertyInfo image(Variant::OBJECT, "image", godot::PROPERTY_HINT_RESOURCE_TYPE, "Image");
    ADD_SIGNAL(MethodInfo("opened"));
    ADD_SIGNAL(MethodInfo("progress", PropertyInfo(Variant::STRING, "phase"), PropertyInfo(Variant::INT, "step"),
                          PropertyInfo(Variant::INT, "steps")));
    ADD_SIGNAL(MethodInfo("preview", image));
    ADD_SIGNAL(MethodInfo("finished", image, PropertyInfo(Variant::STRING, "settings_json")));
    ADD_SIGNAL(MethodInfo("failed", PropertyInfo(Variant::STRING, "message")));
    ADD_SIGNAL(MethodInfo("cancelled"));
}
