/*
 * diffusion.hpp: libdiffusion for C++17, over diffusion.h. Nothing but this header; nothing throws.
 *
 * Every handle is an object that gives itself back. What can fail returns an Expected: the value, or an Error with a
 * status and a whole sentence. A complete program: examples/hello.cpp.
 *
 * What an object lacks here is called with its get(), as C does. All functions that set something on a request or on
 * options, today's and those to come, go through set(), where a text stands for its pointer and length:
 *
 *     request.set(diffusion_request_set_prompt, "a red house");
 *     request.set(diffusion_request_set_variation, 7, 0.2f);
 *
 * The rules of diffusion.h on threads and lifetimes hold: what is marked "borrowed" lives as long as what it came from.
 */
#ifndef DIFFUSION_HPP
#define DIFFUSION_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "diffusion.h"

namespace diffusion {

/* Why something did not work. */
struct Error {
    diffusion_status status;
    std::string message;
};

/* A value, or why there is none. Ask `if (x)` first; `*x` and `x->` are for the value, `x.error()` for the other. */
template <class T>
class [[nodiscard]] Expected {
public:
    Expected(T value) : held_(std::in_place_index<0>, std::move(value)) {}
    Expected(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

    explicit operator bool() const noexcept { return held_.index() == 0; }
    T &operator*() & noexcept { return *std::get_if<0>(&held_); }
    const T &operator*() const & noexcept { return *std::get_if<0>(&held_); }
    T &&operator*() && noexcept { return std::move(*std::get_if<0>(&held_)); }
    T *operator->() noexcept { return std::get_if<0>(&held_); }
    const T *operator->() const noexcept { return std::get_if<0>(&held_); }
    const Error &error() const noexcept { return *std::get_if<1>(&held_); }

private:
    std::variant<T, Error> held_;
};

/* Success without a value. */
using Done = Expected<std::monostate>;

/* Some values in a row that somebody else owns: borrowed. */
template <class T>
class Span {
public:
    constexpr Span() noexcept = default;
    constexpr Span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    /* Whatever has data() and size(): std::vector, std::array, std::string. */
    template <class Container, class = std::enable_if_t<std::is_convertible_v<
                                   decltype(std::declval<Container &>().data()), T *>>>
    constexpr Span(Container &container) noexcept : data_(container.data()), size_(container.size()) {}

    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }
    constexpr T &operator[](std::size_t index) const noexcept { return data_[index]; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/* Is told how far the work is; false stops it. Runs on the thread of the call. It must not throw. */
using Progress = std::function<bool(const diffusion_progress &)>;

namespace detail {

inline Error last_error(diffusion_status status) { return Error{status, diffusion_last_error_message()}; }

inline Done done(diffusion_status status)
{
    if (status == DIFFUSION_STATUS_OK)
        return Done(std::monostate{});
    return last_error(status);
}

template <class T, void (*destroy)(T *)>
struct Destroyer {
    void operator()(T *handle) const noexcept { destroy(handle); }
};

/* A handle that gives itself back. */
template <class T, void (*destroy)(T *)>
class Owner {
public:
    explicit Owner(T *handle) noexcept : handle_(handle) {}
    /* For the functions of diffusion.h: borrowed. */
    T *get() const noexcept { return handle_.get(); }
    /* Hands it over: the caller destroys it. */
    T *release() noexcept { return handle_.release(); }

private:
    std::unique_ptr<T, Destroyer<T, destroy>> handle_;
};

/* Calls what makes an object and puts it into its last parameter. */
template <class Object, class Handle, class Make>
Expected<Object> made(Make make)
{
    Handle *handle = nullptr;
    const diffusion_status status = make(&handle);
    if (status != DIFFUSION_STATUS_OK)
        return last_error(status);
    return Object(handle);
}

/* An object with a handle. */
template <class A>
auto spread_object(const A &argument, int) -> std::tuple<decltype(argument.get())>
{
    return {argument.get()};
}

/* Values in a row: a Span, a std::vector. */
template <class A>
auto spread_object(const A &argument, long) -> std::tuple<decltype(argument.data()), std::size_t>
{
    return {argument.data(), argument.size()};
}

/* What C takes for an argument: a text is its pointer and length, an object its handle, all else is as it is. */
template <class A>
auto spread(const A &argument)
{
    if constexpr (std::is_null_pointer_v<A>)
        return std::tuple<std::nullptr_t>(nullptr);
    else if constexpr (std::is_convertible_v<const A &, std::string_view>) {
        const std::string_view text = argument;
        return std::tuple<const char *, std::size_t>(text.data(), text.size());
    } else if constexpr (std::is_arithmetic_v<A> || std::is_pointer_v<A> || std::is_enum_v<A>)
        return std::tuple<A>(argument);
    else if constexpr (std::is_class_v<A>)
        return spread_object(argument, 0);
}

template <class To, class From>
constexpr To as(From value) noexcept
{
    static_assert(!(std::is_floating_point_v<From> && std::is_integral_v<To>), "this function takes a whole number");
    return static_cast<To>(value);
}

/* Calls a function that sets something, with each number in the type that C has for it. */
template <class Handle, class... Parameters, class... Arguments>
Done set(Handle *handle, diffusion_status (*function)(Handle *, Parameters...), const Arguments &...arguments)
{
    return done(std::apply(
        [&](auto... spread) {
            static_assert(sizeof...(spread) == sizeof...(Parameters), "too few or too many arguments for this function");
            return function(handle, as<Parameters>(spread)...);
        },
        std::tuple_cat(detail::spread(arguments)...)));
}

inline int32_t report(const diffusion_progress *progress, void *user_data)
{
    return (*static_cast<const Progress *>(user_data))(*progress) ? 0 : 1;
}

/* What C takes for a Progress, which must live until the call returns. */
inline diffusion_progress_callback callback(const Progress &progress) { return progress ? report : nullptr; }
inline void *user_data(const Progress &progress) { return const_cast<Progress *>(&progress); }

} // namespace detail

/* Bytes that the library made. */
class Buffer : public detail::Owner<diffusion_buffer, diffusion_buffer_destroy> {
public:
    using Owner::Owner;
    Span<const std::uint8_t> bytes() const noexcept { return {diffusion_buffer_data(get()), diffusion_buffer_size(get())}; }
};

/* A picture that somebody else owns: borrowed. */
class ImageView {
public:
    ImageView(const diffusion_image *image) noexcept : image_(image) {}

    const diffusion_image *get() const noexcept { return image_; }
    std::uint32_t width() const noexcept { return diffusion_image_width(image_); }
    std::uint32_t height() const noexcept { return diffusion_image_height(image_); }
    /* Bytes from one row to the next. */
    std::size_t stride() const noexcept { return diffusion_image_stride(image_); }
    /* A diffusion_pixel_format. */
    std::int32_t format() const noexcept { return diffusion_image_format(image_); }
    Span<const std::uint8_t> pixels() const noexcept
    {
        return {diffusion_image_pixels(image_), diffusion_image_byte_length(image_)};
    }

    /* Writes the picture into memory of the caller's, in rows that are this many bytes apart. */
    Done copy(Span<std::uint8_t> to, std::int64_t to_stride, std::int32_t to_format) const
    {
        return detail::done(
            diffusion_image_copy(image_, to.data(), to.size(), width(), height(), to_stride, to_format));
    }
    Done save(std::string_view file) const
    {
        return detail::done(diffusion_image_save(image_, file.data(), file.size()));
    }
    Expected<Buffer> encode(std::string_view format_name) const
    {
        return detail::made<Buffer, diffusion_buffer>([&](diffusion_buffer **buffer) {
            return diffusion_image_encode(image_, format_name.data(), format_name.size(), buffer);
        });
    }

private:
    const diffusion_image *image_;
};

/* A picture of one's own. */
class Image : public detail::Owner<diffusion_image, diffusion_image_destroy> {
public:
    using Owner::Owner;
    ImageView view() const noexcept { return get(); }

    /* Of pixels, which are copied. */
    static Expected<Image> create(Span<const std::uint8_t> pixels, std::int64_t width, std::int64_t height,
                                  std::int64_t stride, std::int32_t format)
    {
        return detail::made<Image, diffusion_image>([&](diffusion_image **image) {
            return diffusion_image_create(pixels.data(), pixels.size(), width, height, stride, format, image);
        });
    }
    static Expected<Image> open(std::string_view file)
    {
        return detail::made<Image, diffusion_image>(
            [&](diffusion_image **image) { return diffusion_image_open(file.data(), file.size(), image); });
    }
    /* Of the bytes of a file. */
    static Expected<Image> decode(Span<const std::uint8_t> bytes)
    {
        return detail::made<Image, diffusion_image>(
            [&](diffusion_image **image) { return diffusion_image_decode(bytes.data(), bytes.size(), image); });
    }
};

/* Says stop to calls that were given it; cancel() may be called from any thread. */
class CancelToken : public detail::Owner<diffusion_cancel_token, diffusion_cancel_token_destroy> {
public:
    using Owner::Owner;
    static Expected<CancelToken> create()
    {
        return detail::made<CancelToken, diffusion_cancel_token>(diffusion_cancel_token_create);
    }
    Done cancel() const { return detail::done(diffusion_cancel_token_cancel(get())); }
    Done reset() { return detail::done(diffusion_cancel_token_reset(get())); }
    bool is_cancelled() const noexcept { return diffusion_cancel_token_is_cancelled(get()) != 0; }
};

/* How to open a model. */
class Options : public detail::Owner<diffusion_pipeline_options, diffusion_pipeline_options_destroy> {
public:
    using Owner::Owner;
    static Expected<Options> create()
    {
        return detail::made<Options, diffusion_pipeline_options>(diffusion_pipeline_options_create);
    }
    /* Calls one of diffusion_pipeline_options_set_... or _add_.... */
    template <class... Parameters, class... Arguments>
    Done set(diffusion_status (*function)(diffusion_pipeline_options *, Parameters...), const Arguments &...arguments)
    {
        return detail::set(get(), function, arguments...);
    }
};

/* What to generate. */
class Request : public detail::Owner<diffusion_request, diffusion_request_destroy> {
public:
    using Owner::Owner;
    static Expected<Request> create() { return detail::made<Request, diffusion_request>(diffusion_request_create); }
    /* Calls one of diffusion_request_set_... or _add_.... */
    template <class... Parameters, class... Arguments>
    Done set(diffusion_status (*function)(diffusion_request *, Parameters...), const Arguments &...arguments)
    {
        return detail::set(get(), function, arguments...);
    }
    Done prompt(std::string_view text) { return set(diffusion_request_set_prompt, text); }
    Done seed(std::uint64_t value) { return set(diffusion_request_set_seed, value); }
    Done steps(std::int64_t count) { return set(diffusion_request_set_steps, count); }
};

/* The pictures of one generation, and how they came about. */
class Result : public detail::Owner<diffusion_result, diffusion_result_destroy> {
public:
    using Owner::Owner;
    std::uint32_t count() const noexcept { return diffusion_result_count(get()); }
    /* Borrowed from the result. */
    Expected<ImageView> image(std::int64_t index) const
    {
        const diffusion_image *image = nullptr;
        const diffusion_status status = diffusion_result_image(get(), index, &image);
        if (status != DIFFUSION_STATUS_OK)
            return detail::last_error(status);
        return ImageView(image);
    }
    std::uint64_t seed(std::int64_t index) const noexcept { return diffusion_result_image_seed(get(), index); }
    /* Borrowed from the result. */
    const char *settings_json() const noexcept { return diffusion_result_settings_json(get()); }
    const char *timings_json() const noexcept { return diffusion_result_timings_json(get()); }
};

/* The files of a model in memory, for Pipeline::open(). */
class ModelFiles : public detail::Owner<diffusion_model_files, diffusion_model_files_destroy> {
public:
    using Owner::Owner;
    static Expected<ModelFiles> create()
    {
        return detail::made<ModelFiles, diffusion_model_files>(diffusion_model_files_create);
    }
    /* The bytes are copied. */
    Done add(std::string_view name, const void *bytes, std::size_t byte_count)
    {
        return detail::done(diffusion_model_files_add_copy(get(), name.data(), name.size(),
                                                           static_cast<const std::uint8_t *>(bytes), byte_count));
    }
    /* The bytes are lent: `keeper`, a std::shared_ptr, is what owns them, and is let go of by the last user, on any
       thread. */
    template <class Keeper>
    Done lend(std::string_view name, const void *bytes, std::size_t byte_count, Keeper keeper)
    {
        auto kept = std::make_unique<Keeper>(std::move(keeper));
        const auto release = [](void *owner) { delete static_cast<Keeper *>(owner); };
        const auto status =
            diffusion_model_files_add_borrowed(get(), name.data(), name.size(), static_cast<const std::uint8_t *>(bytes),
                                               byte_count, release, kept.get());
        if (status == DIFFUSION_STATUS_OK)
            kept.release();
        return detail::done(status);
    }
};

/* An opened model. Threads may share it. */
class Pipeline : public detail::Owner<diffusion_pipeline, diffusion_pipeline_destroy> {
public:
    using Owner::Owner;
    static Expected<Pipeline> open(std::string_view folder, const Options *options = nullptr,
                                   const CancelToken *cancel = nullptr, const Progress &progress = {})
    {
        return detail::made<Pipeline, diffusion_pipeline>([&](diffusion_pipeline **pipeline) {
            return diffusion_pipeline_open(folder.data(), folder.size(), options ? options->get() : nullptr,
                                           cancel ? cancel->get() : nullptr, detail::callback(progress),
                                           detail::user_data(progress), pipeline);
        });
    }
    static Expected<Pipeline> open(const ModelFiles &files, const Options *options = nullptr,
                                   const CancelToken *cancel = nullptr, const Progress &progress = {})
    {
        return detail::made<Pipeline, diffusion_pipeline>([&](diffusion_pipeline **pipeline) {
            return diffusion_pipeline_open_files(files.get(), options ? options->get() : nullptr,
                                                 cancel ? cancel->get() : nullptr, detail::callback(progress),
                                                 detail::user_data(progress), pipeline);
        });
    }
    Expected<Result> generate(const Request &request, const CancelToken *cancel = nullptr,
                              const Progress &progress = {}) const
    {
        return detail::made<Result, diffusion_result>([&](diffusion_result **result) {
            return diffusion_pipeline_generate(get(), request.get(), cancel ? cancel->get() : nullptr,
                                               detail::callback(progress), detail::user_data(progress), result);
        });
    }
    /* Borrowed from the pipeline. */
    const char *info_json() const noexcept { return diffusion_pipeline_info_json(get()); }
};

} // namespace diffusion

#endif // DIFFUSION_HPP
