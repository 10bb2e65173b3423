// Godot's texts are UTF-32, the library's UTF-8; and "res://" and "user://" are places that only Godot knows.
#ifndef LIBDIFFUSION_GODOT_TEXT_HPP
#define LIBDIFFUSION_GODOT_TEXT_HPP

#include <string>

#include <godot_cpp/classes/project_settings.hpp>
#include <godot_cpp/variant/char_string.hpp>
#include <godot_cpp/variant/string.hpp>

namespace libdiffusion {

inline std::string text(const godot::String &from)
{
    const godot::CharString utf8 = from.utf8();
    return std::string(utf8.get_data(), static_cast<std::size_t>(utf8.length()));
}

inline godot::String text(const std::string &from) { return godot::String::utf8(from.data(), static_cast<int>(from.size())); }

inline std::string path(const godot::String &from)
{
    return text(godot::ProjectSettings::get_singleton()->globalize_path(from));
}

} // namespace libdiffusion

#endif
