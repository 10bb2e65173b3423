#include "painter.hpp"

#include <cstdio>

namespace {

std::string seconds(const diffusion::Job &job)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.1f s", job.elapsed_milliseconds() / 1000);
    return text;
}

} // namespace

void Painter::open(const std::string &folder, const std::string &preview_mode)
{
    preview_modes_ = {"", "linear", preview_mode};
    status_ = "opening the model";
    auto job = diffusion::Job::open(folder);
    if (!job)
        return fail(job.error());
    opening_ = *std::move(job);
}

void Painter::draw(const std::string &prompt, std::uint64_t seed, std::int64_t steps)
{
    if (is_drawing() || !(pipeline_ || opening_))
        return;
    error_.clear();
    auto request = diffusion::Request::create();
    if (!request)
        return fail(request.error());
    diffusion::Done set = request->prompt(prompt);
    if (set)
        set = request->seed(seed);
    if (set && steps > 0)
        set = request->steps(steps);
    if (!set)
        return fail(set.error());
    request_ = *std::move(request);
    if (pipeline_)
        start();
}

void Painter::start()
{
    const diffusion::Done set = request_->set(diffusion_request_set_previews, preview_modes_.back(), 1);
    if (!set)
        return fail(set.error());
    auto job = diffusion::Job::generate(*pipeline_, *request_);
    if (!job)
        return fail(job.error());
    drawing_ = *std::move(job);
    previews_seen_ = 0;
}

void Painter::cancel()
{
    // What comes of it is seen in poll(): the job is given back only when it is done, so that nothing waits here.
    if (drawing_)
        (void)drawing_->cancel();
    else
        request_.reset();
}

void Painter::poll()
{
    if (opening_)
        follow_opening();
    if (drawing_)
        follow_drawing();
}

std::string Painter::save(const std::string &file) const
{
    if (!result_)
        return "There is no finished picture yet.";
    const auto image = result_->image(0);
    if (!image)
        return image.error().message;
    const diffusion::Done saved = image->save(file);
    return saved ? "" : saved.error().message;
}

const diffusion_image *Painter::picture() const
{
    if (result_)
        if (const auto image = result_->image(0))
            return image->get();
    return preview_ ? preview_->get() : nullptr;
}

void Painter::follow_opening()
{
    show_progress(*opening_);
    if (!opening_->is_done())
        return;
    const diffusion::Job job = std::move(*opening_);
    opening_.reset();
    auto pipeline = job.take_pipeline();
    if (!pipeline)
        return fail(pipeline.error());
    pipeline_ = *std::move(pipeline);
    end("the model is open, " + seconds(job));
    if (request_)
        start();
}

void Painter::follow_drawing()
{
    show_progress(*drawing_);
    if (drawing_->preview_number() != previews_seen_) {
        previews_seen_ = drawing_->preview_number();
        if (auto preview = drawing_->preview()) {
            preview_ = *std::move(preview);
            result_.reset(); // the picture of before makes room as soon as there is something to see of the next
            ++version_;
        }
    }
    if (!drawing_->is_done())
        return;
    const diffusion::Job job = std::move(*drawing_);
    drawing_.reset();
    auto result = job.take_result();
    if (!result && result.error().status == DIFFUSION_STATUS_UNSUPPORTED && preview_modes_.size() > 1) {
        preview_modes_.pop_back(); // not every folder has a small decoder, a model of several stages has no previews
        return start();
    }
    if (!result)
        return fail(result.error());
    request_.reset();
    result_ = *std::move(result);
    ++version_;
    const bool has_warning = diffusion_result_warning_count(result_->get()) > 0;
    end("drawn, " + seconds(job) + (has_warning ? std::string(": ") + diffusion_result_warning(result_->get(), 0) : ""));
}

void Painter::show_progress(const diffusion::Job &job)
{
    const diffusion::JobProgress now = job.progress();
    fraction_ = now.steps > 0 ? static_cast<float>(now.step) / static_cast<float>(now.steps) : 0;
    status_ = now.phase < 0 ? diffusion_job_state_name(job.state()) : diffusion_phase_name(now.phase);
    if (now.steps > 0)
        status_ += " " + std::to_string(now.step) + " of " + std::to_string(now.steps);
    status_ += ", " + seconds(job);
}

void Painter::end(const std::string &status)
{
    status_ = status;
    fraction_ = 0;
    news_ += (news_.empty() ? "" : "\n") + status;
}

void Painter::fail(const diffusion::Error &error)
{
    request_.reset();
    const bool was_asked_for = error.status == DIFFUSION_STATUS_CANCELLED;
    error_ = was_asked_for ? "" : error.message;
    end(diffusion_status_name(error.status) + (was_asked_for ? std::string() : ": " + error.message));
}
