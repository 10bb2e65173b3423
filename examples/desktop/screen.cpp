#include "screen.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

namespace {

enum { FONT_POINTS = 16, FIRST_WIDTH = 764, FIRST_HEIGHT = 664 };

// The system's own font for user interfaces, so that none has to lie beside the program.
std::string find_font()
{
#if defined(_WIN32)
    return "C:/Windows/Fonts/segoeui.ttf";
#elif defined(__APPLE__)
    return "/System/Library/Fonts/Supplemental/Arial Unicode.ttf";
#else
    std::string file;
    if (FILE *answer = popen("fc-match --format '%{file}' sans-serif 2> /dev/null", "r")) {
        char part[256];
        while (std::fgets(part, sizeof part, answer) != nullptr)
            file += part;
        pclose(answer);
    }
    return file;
#endif
}

} // namespace

Screen::Screen(const char *title, std::string font_file)
{
    if (font_file.empty())
        font_file = find_font();
    if (SDL_Init(SDL_INIT_VIDEO) != 0 || TTF_Init() != 0) {
        error_ = SDL_GetError();
        return;
    }
    SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
    font_ = TTF_OpenFont(font_file.c_str(), FONT_POINTS);
    if (font_ == nullptr) {
        error_ = "no font (" + std::string(SDL_GetError()) + "): give one with --font FILE.ttf";
        return;
    }
    window_ = SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, FIRST_WIDTH, FIRST_HEIGHT,
                               SDL_WINDOW_RESIZABLE);
    renderer_ = window_ != nullptr ? SDL_CreateRenderer(window_, -1, 0) : nullptr;
    if (renderer_ == nullptr) {
        error_ = SDL_GetError();
        return;
    }
    SDL_SetWindowMinimumSize(window_, 480, 440);
    SDL_SetRenderDrawBlendMode(renderer_, SDL_BLENDMODE_BLEND);
}

Screen::~Screen()
{
    SDL_DestroyTexture(picture_);
    SDL_DestroyRenderer(renderer_);
    SDL_DestroyWindow(window_);
    if (font_ != nullptr)
        TTF_CloseFont(font_);
    TTF_Quit();
    SDL_Quit();
}

SDL_Rect Screen::size() const
{
    SDL_Rect all{0, 0, 0, 0};
    SDL_GetRendererOutputSize(renderer_, &all.w, &all.h);
    return all;
}

void Screen::begin()
{
    SDL_SetRenderDrawColor(renderer_, colour::back.r, colour::back.g, colour::back.b, colour::back.a);
    SDL_RenderClear(renderer_);
}

void Screen::end() { SDL_RenderPresent(renderer_); }

void Screen::box(const SDL_Rect &at, SDL_Color fill, SDL_Color edge)
{
    SDL_SetRenderDrawColor(renderer_, fill.r, fill.g, fill.b, fill.a);
    SDL_RenderFillRect(renderer_, &at);
    SDL_SetRenderDrawColor(renderer_, edge.r, edge.g, edge.b, edge.a);
    SDL_RenderDrawRect(renderer_, &at);
}

int Screen::width_of(const std::string &text) const
{
    int width = 0;
    TTF_SizeUTF8(font_, text.c_str(), &width, nullptr);
    return width;
}

void Screen::text(const std::string &text, const SDL_Rect &in, SDL_Color colour, int shift)
{
    if (text.empty()) // of which SDL_ttf makes an error
        return;
    SDL_Surface *surface = TTF_RenderUTF8_Blended(font_, text.c_str(), colour);
    if (surface != nullptr)
        blit(surface, in, in.x - shift, in.y + (in.h - surface->h) / 2);
}

void Screen::paragraph(const std::string &text, const SDL_Rect &in, SDL_Color colour)
{
    if (text.empty())
        return;
    SDL_Surface *surface = TTF_RenderUTF8_Blended_Wrapped(font_, text.c_str(), colour, static_cast<Uint32>(in.w));
    if (surface != nullptr)
        blit(surface, in, in.x, in.y);
}

void Screen::blit(SDL_Surface *surface, const SDL_Rect &in, int x, int y)
{
    if (SDL_Texture *texture = SDL_CreateTextureFromSurface(renderer_, surface)) {
        const SDL_Rect to{x, y, surface->w, surface->h};
        SDL_RenderSetClipRect(renderer_, &in);
        SDL_RenderCopy(renderer_, texture, nullptr, &to);
        SDL_RenderSetClipRect(renderer_, nullptr);
        SDL_DestroyTexture(texture);
    }
    SDL_FreeSurface(surface);
}

void Screen::set_picture(diffusion::ImageView image)
{
    SDL_DestroyTexture(picture_);
    const int width = static_cast<int>(image.width()), height = static_cast<int>(image.height());
    picture_ = SDL_CreateTexture(renderer_, SDL_PIXELFORMAT_RGBA32, SDL_TEXTUREACCESS_STATIC, width, height);
    const int stride = width * 4;
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(stride) * static_cast<std::size_t>(height));
    if (picture_ != nullptr && image.copy(pixels, stride, DIFFUSION_PIXEL_FORMAT_RGBA8))
        SDL_UpdateTexture(picture_, nullptr, pixels.data(), stride);
}

void Screen::picture(const SDL_Rect &in)
{
    int width = 0, height = 0;
    if (picture_ == nullptr || SDL_QueryTexture(picture_, nullptr, nullptr, &width, &height) != 0)
        return;
    const float scale = std::min(static_cast<float>(in.w) / static_cast<float>(width),
                                 static_cast<float>(in.h) / static_cast<float>(height));
    const int w = static_cast<int>(static_cast<float>(width) * scale), h = static_cast<int>(static_cast<float>(height) * scale);
    const SDL_Rect to{in.x + (in.w - w) / 2, in.y + (in.h - h) / 2, w, h};
    SDL_RenderCopy(renderer_, picture_, nullptr, &to);
}
