// What a Dictionary may say about opening a model and about a picture, and how it gets to the library.
#ifndef LIBDIFFUSION_GODOT_SETTINGS_HPP
#define LIBDIFFUSION_GODOT_SETTINGS_HPP

#include <godot_cpp/variant/dictionary.hpp>

#include "diffusion.hpp"

namespace libdiffusion {

// Each sets what the Dictionary has; a key that there is not is an error which names those there are.
diffusion::Done set_options(diffusion::Options &options, const godot::Dictionary &from);
diffusion::Done set_request(diffusion::Request &request, const godot::Dictionary &from);

} // namespace libdiffusion

#endif
