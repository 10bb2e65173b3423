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

/* Numbers that a model understands: latents, the states of a text, the code of a picture. */
class Embedding : public detail::Owner<diffusion_embedding, diffusion_embedding_destroy> {
public:
    using Owner::Owner;
    /* A copy of the host's own numbers. */
    static Expected<Embedding> create(Span<const float> values, Span<const std::int64_t> shape)
    {
        return detail::made<Embedding, diffusion_embedding>([&](diffusion_embedding **embedding) {
            return diffusion_embedding_create(values.data(), values.size(), shape.data(), shape.size(), embedding);
        });
    }
    static Expected<Embedding> lerp(const Embedding &from, const Embedding &to, float at)
    {
        return detail::made<Embedding, diffusion_embedding>([&](diffusion_embedding **embedding) {
            return diffusion_embedding_lerp(from.get(), to.get(), at, embedding);
        });
    }
    static Expected<Embedding> slerp(const Embedding &from, const Embedding &to, float at)
    {
        return detail::made<Embedding, diffusion_embedding>([&](diffusion_embedding **embedding) {
            return diffusion_embedding_slerp(from.get(), to.get(), at, embedding);
        });
    }
    Span<const float> values() const noexcept
    {
        return {diffusion_embedding_values(get()), diffusion_embedding_count(get())};
    }
    Span<const std::int64_t> shape() const noexcept
    {
        return {diffusion_embedding_shape(get()), diffusion_embedding_rank(get())};
    }
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
    Expected<Embedding> latents() const
    {
        return detail::made<Embedding, diffusion_embedding>(
            [&](diffusion_embedding **latents) { return diffusion_result_latents(get(), latents); });
    }
    /* Borrowed from the result. */
    const char *settings_json() const noexcept { return diffusion_result_settings_json(get()); }
    const char *timings_json() const noexcept { return diffusion_result_timings_json(get()); }
};

/* Prompts that are read once: request.set(diffusion_request_set_conditioning, conditioning). */
class Conditioning : public detail::Owner<diffusion_conditioning, diffusion_conditioning_destroy> {
public:
    using Owner::Owner;
    std::uint32_t count() const noexcept { return diffusion_conditioning_count(get()); }
    /* Borrowed, as the next one. */
    const char *encoder(std::int64_t index) const noexcept { return diffusion_conditioning_encoder(get(), index); }
    const char *text(std::int64_t index) const noexcept { return diffusion_conditioning_text(get(), index); }
    bool is_negative(std::int64_t index) const noexcept { return diffusion_conditioning_is_negative(get(), index) != 0; }
    Expected<Embedding> states(std::int64_t index) const
    {
        return detail::made<Embedding, diffusion_embedding>([&](diffusion_embedding **states) {
            return diffusion_conditioning_states(get(), index, states);
        });
    }
    Expected<Embedding> pooled(std::int64_t index) const
    {
        return detail::made<Embedding, diffusion_embedding>([&](diffusion_embedding **pooled) {
            return diffusion_conditioning_pooled(get(), index, pooled);
        });
    }
    Expected<Conditioning> with_states(std::int64_t index, const Embedding *states, const Embedding *pooled = nullptr) const
    {
        return detail::made<Conditioning, diffusion_conditioning>([&](diffusion_conditioning **changed) {
            return diffusion_conditioning_with_states(get(), index, states ? states->get() : nullptr,
                                                      pooled ? pooled->get() : nullptr, changed);
        });
    }
};

/* A generation that is taken step by step. */
class Stepper : public detail::Owner<diffusion_stepper, diffusion_stepper_destroy> {
public:
    using Owner::Owner;
    std::uint32_t step_count() const noexcept { return diffusion_stepper_step_count(get()); }
    std::uint32_t step() const noexcept { return diffusion_stepper_step(get()); }
    bool is_done() const noexcept { return step() == step_count(); }
    double timestep() const noexcept { return diffusion_stepper_timestep(get()); }
    Done advance(const CancelToken *cancel = nullptr, const Progress &progress = {})
    {
        return detail::done(diffusion_stepper_advance(get(), cancel ? cancel->get() : nullptr, detail::callback(progress),
                                                      detail::user_data(progress)));
    }
    Expected<Embedding> latents() const
    {
        return detail::made<Embedding, diffusion_embedding>(
            [&](diffusion_embedding **latents) { return diffusion_stepper_latents(get(), latents); });
    }
    Expected<Embedding> clean_latents() const
    {
        return detail::made<Embedding, diffusion_embedding>(
            [&](diffusion_embedding **latents) { return diffusion_stepper_clean_latents(get(), latents); });
    }
    Done set_latents(const Embedding &latents)
    {
        return detail::done(diffusion_stepper_set_latents(get(), latents.get()));
    }
    Expected<Result> finish(const CancelToken *cancel = nullptr, const Progress &progress = {})
    {
        return detail::made<Result, diffusion_result>([&](diffusion_result **result) {
            return diffusion_stepper_finish(get(), cancel ? cancel->get() : nullptr, detail::callback(progress),
                                            detail::user_data(progress), result);
        });
    }
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
    /* Reads a request's prompts for many others. */
    Expected<Conditioning> encode_prompt(const Request &request, const CancelToken *cancel = nullptr,
                                         const Progress &progress = {}) const
    {
        return detail::made<Conditioning, diffusion_conditioning>([&](diffusion_conditioning **conditioning) {
            return diffusion_pipeline_encode_prompt(get(), request.get(), cancel ? cancel->get() : nullptr,
                                                    detail::callback(progress), detail::user_data(progress), conditioning);
        });
    }
    /* Begins a loop of the host's own. */
    Expected<Stepper> begin(const Request &request, const CancelToken *cancel = nullptr,
                            const Progress &progress = {}) const
    {
        return detail::made<Stepper, diffusion_stepper>([&](diffusion_stepper **stepper) {
            return diffusion_stepper_begin(get(), request.get(), cancel ? cancel->get() : nullptr,
                                           detail::callback(progress), detail::user_data(progress), stepper);
        });
    }
    Expected<Embedding> encode_image(ImageView image, const CancelToken *cancel = nullptr) const
    {
        return detail::made<Embedding, diffusion_embedding>([&](diffusion_embedding **latents) {
            return diffusion_pipeline_encode_image(get(), image.get(), cancel ? cancel->get() : nullptr, latents);
        });
    }
    Expected<Image> decode_latents(const Embedding &latents, std::int64_t index = 0,
                                   std::int32_t format = DIFFUSION_PIXEL_FORMAT_RGB8,
                                   const CancelToken *cancel = nullptr) const
    {
        return detail::made<Image, diffusion_image>([&](diffusion_image **image) {
            return diffusion_pipeline_decode_latents(get(), latents.get(), index, format,
                                                     cancel ? cancel->get() : nullptr, image);
        });
    }
    /* Borrowed from the pipeline. */
    const char *info_json() const noexcept { return diffusion_pipeline_info_json(get()); }
};

/* How far a job is: what is being done (a diffusion_phase, -1 before the first report), and how many of its parts. */
struct JobProgress {
    std::int32_t phase = -1;
    std::uint32_t step = 0;
    std::uint32_t steps = 0;
};

/* Work on a thread of the library: nothing calls back, the host looks. Threads may share it. */
class Job : public detail::Owner<diffusion_job, diffusion_job_destroy> {
public:
    using Owner::Owner;
    /* Starts to open a model; take_pipeline() gives it. */
    static Expected<Job> open(std::string_view folder, const Options *options = nullptr)
    {
        return detail::made<Job, diffusion_job>([&](diffusion_job **job) {
            return diffusion_pipeline_open_start(folder.data(), folder.size(), options ? options->get() : nullptr, job);
        });
    }
    /* Starts to draw; take_result() gives the pictures. The job needs neither the pipeline nor the request. */
    static Expected<Job> generate(const Pipeline &pipeline, const Request &request)
    {
        return detail::made<Job, diffusion_job>(
            [&](diffusion_job **job) { return diffusion_job_start(pipeline.get(), request.get(), job); });
    }

    /* A diffusion_job_state. Never waits. */
    std::int32_t state() const noexcept { return diffusion_job_poll(get()); }
    /* Whether nothing of it runs any more: it is finished, failed or cancelled. */
    bool is_done() const noexcept
    {
        const std::int32_t now = state();
        return now == DIFFUSION_JOB_STATE_FINISHED || now == DIFFUSION_JOB_STATE_FAILED
               || now == DIFFUSION_JOB_STATE_CANCELLED;
    }
    /* The state when it is done or the time is over; a negative number waits for as long as it takes. */
    Expected<std::int32_t> wait(std::int64_t timeout_milliseconds) const
    {
        std::int32_t now = -1;
        const diffusion_status status = diffusion_job_wait(get(), timeout_milliseconds, &now);
        if (status != DIFFUSION_STATUS_OK)
            return detail::last_error(status);
        return now;
    }
    Done cancel() const { return detail::done(diffusion_job_cancel(get())); }
    /* What it made, once; or why there is nothing. */
    Expected<Result> take_result() const
    {
        return detail::made<Result, diffusion_result>(
            [&](diffusion_result **result) { return diffusion_job_take_result(get(), result); });
    }
    Expected<Pipeline> take_pipeline() const
    {
        return detail::made<Pipeline, diffusion_pipeline>(
            [&](diffusion_pipeline **pipeline) { return diffusion_job_take_pipeline(get(), pipeline); });
    }

    /* Three numbers of one moment. */
    JobProgress progress() const noexcept
    {
        JobProgress now;
        (void)diffusion_job_progress(get(), &now.phase, &now.step, &now.steps); /* a job that was moved away has none */
        return now;
    }
    double elapsed_milliseconds() const noexcept { return diffusion_job_elapsed_milliseconds(get()); }
    std::uint32_t queue_position() const noexcept { return diffusion_job_queue_position(get()); }
    /* Another number than last time is a new preview. */
    std::uint64_t preview_number() const noexcept { return diffusion_job_preview_number(get()); }
    /* The newest preview of a picture of the request. */
    Expected<Image> preview(std::int64_t index = 0) const
    {
        return detail::made<Image, diffusion_image>(
            [&](diffusion_image **image) { return diffusion_job_preview(get(), index, image); });
    }
};

} // namespace diffusion

#endif // DIFFUSION_HPP
