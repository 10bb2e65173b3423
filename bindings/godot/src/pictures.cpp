#include "pictures.hpp"

#include <cstddef>

#include <godot_cpp/variant/packed_byte_array.hpp>

namespace libdiffusion {

diffusion::Expected<godot::Ref<godot::Image>> to_godot(diffusion::ImageView image)
{
    const std::int64_t width = image.width(), height = image.height(), stride = width * 3;
    godot::PackedByteArray bytes;
    bytes.resize(stride * height);
    const auto copied = image.copy(diffusion::Span<std::uint8_t>(bytes.ptrw(), static_cast<std::size_t>(bytes.size())),
                                   stride, DIFFUSION_PIXEL_FORMAT_RGB8);
    if (!copied)
        return copied.error();
    return godot::Image::create_from_data(static_cast<int32_t>(width), static_cast<int32_t>(height), false,
                                          godot::Image::FORMAT_RGB8, bytes);
}

diffusion::Expected<diffusion::Image> from_godot(const godot::Ref<godot::Image> &image)
{
    godot::Ref<godot::Image> rgba;
    rgba.instantiate();
    rgba->copy_from(image); // the caller's stays as it is
    if ((rgba->is_compressed() && rgba->decompress() != godot::OK))
        return diffusion::Error{DIFFUSION_STATUS_INVALID_ARGUMENT, "the Image has a format that Godot cannot decompress"};
    rgba->clear_mipmaps(); // which lie behind the pixels
    rgba->convert(godot::Image::FORMAT_RGBA8);
    const godot::PackedByteArray bytes = rgba->get_data();
    return diffusion::Image::create({bytes.ptr(), static_cast<std::size_t>(bytes.size())}, rgba->get_width(),
                                    rgba->get_height(), std::int64_t{4} * rgba->get_width(), DIFFUSION_PIXEL_FORMAT_RGBA8);
}

} // namespace libdiffusion
