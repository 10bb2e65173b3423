// A node that draws: Diffusion, for GDScript and the editor. It looks at the library's jobs once a frame, and never waits.
#ifndef LIBDIFFUSION_GODOT_NODE_HPP
#define LIBDIFFUSION_GODOT_NODE_HPP

#include <cstdint>
#include <optional>

#include <godot_cpp/classes/image.hpp>
#include <godot_cpp/classes/image_texture.hpp>
#include <godot_cpp/classes/node.hpp>

#include "diffusion.hpp"

class Diffusion : public godot::Node {
    GDCLASS(Diffusion, godot::Node)

public:
    // Starts to open a model's folder; "opened" or "failed" comes of it. What was open is given back.
    bool open(const godot::String &folder, const godot::Dictionary &options);
    bool is_open() const;
    // Starts to draw, as soon as the model is open; "finished", "failed" or "cancelled" comes of it. Whatever was being drawn
    // is cancelled first.
    bool generate(const godot::String &prompt, const godot::Dictionary &settings);
    bool is_busy() const;
    void cancel();
    // The last finished picture as a PNG or JPEG, with the settings in it.
    bool save(const godot::String &file);
    // Shows the newest preview, then the finished picture: the same texture always, to be given to a TextureRect once.
    godot::Ref<godot::ImageTexture> get_texture() const;
    // What the model's folder holds, as JSON; empty before it is open.
    godot::String get_info() const;

    void _process(double delta) override;

protected:
    static void _bind_methods();

private:
    void follow_opening();
    void follow_drawing();
    void start();
    void show(const godot::Ref<godot::Image> &picture);
    bool fail(const diffusion::Error &error);

    std::optional<diffusion::Job> opening_;
    std::optional<diffusion::Pipeline> pipeline_;
    std::optional<diffusion::Request> next_; // drawn as soon as it can be
    std::optional<diffusion::Job> drawing_;
    std::optional<diffusion::Result> result_;
    diffusion::JobProgress reported_;
    std::uint64_t previews_seen_ = 0;
    godot::Ref<godot::ImageTexture> texture_;
};

#endif
