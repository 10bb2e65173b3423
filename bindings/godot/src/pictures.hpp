// Pictures between the library and Godot.
#ifndef LIBDIFFUSION_GODOT_PICTURES_HPP
#define LIBDIFFUSION_GODOT_PICTURES_HPP

#include <godot_cpp/classes/image.hpp>

#include "diffusion.hpp"

namespace libdiffusion {

// As RGB8, which a picture of the library always is.
diffusion::Expected<godot::Ref<godot::Image>> to_godot(diffusion::ImageView image);
// Of any format that Godot can turn into RGBA8.
diffusion::Expected<diffusion::Image> from_godot(const godot::Ref<godot::Image> &image);

} // namespace libdiffusion

#endif
