// What the window knows of the library: a model that opens, a picture that comes into being. Nothing here waits.
#ifndef DESKTOP_PAINTER_HPP
#define DESKTOP_PAINTER_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "diffusion.hpp"

class Painter {
public:
    // Previews as one of diffusion_preview_mode_name(); where the model has none of these, cheaper ones, or none.
    void open(const std::string &folder, const std::string &preview_mode);
    // Draws as soon as the model is open. Steps of 0 are the model's own number.
    void draw(const std::string &prompt, std::uint64_t seed, std::int64_t steps);
    void cancel();
    // To be called once a frame: looks how far the jobs are, and takes what they made.
    void poll();
    // Saves the finished picture; the empty text, or why it could not be.
    std::string save(const std::string &file) const;

    bool is_open() const { return pipeline_.has_value(); }
    // Or waits for the model to do so.
    bool is_drawing() const { return drawing_ || request_; }
    bool is_finished() const { return result_.has_value(); }
    // The finished picture or the newest preview; NULL before the first. Another version is another picture.
    const diffusion_image *picture() const;
    unsigned version() const { return version_; }
    // Of the picture that is finished.
    std::uint64_t seed() const { return result_ ? result_->seed(0) : 0; }

    // What is being done in words, and the part of it that is done, 0 to 1.
    const std::string &status() const { return status_; }
    float fraction() const { return fraction_; }
    // The library's sentence about what went wrong; empty where nothing did.
    const std::string &error() const { return error_; }

    // What came to its end since the last call, well or not; mostly nothing.
    std::string take_news() { return std::exchange(news_, {}); }

private:
    void start();
    void follow_opening();
    void follow_drawing();
    void show_progress(const diffusion::Job &job);
    void end(const std::string &status);
    void fail(const diffusion::Error &error);

    std::optional<diffusion::Job> opening_;
    std::optional<diffusion::Pipeline> pipeline_;
    std::optional<diffusion::Job> drawing_;
    std::optional<diffusion::Request> request_; // what is being drawn, or waits for the model
    std::vector<std::string> preview_modes_; // the one in use last, then what to fall back to
    std::optional<diffusion::Image> preview_;
    std::optional<diffusion::Result> result_;
    std::uint64_t previews_seen_ = 0;
    unsigned version_ = 0;
    std::string news_;
    std::string status_;
    float fraction_ = 0;
    std::string error_;
};

#endif
