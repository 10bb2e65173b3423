// A window and what is painted into it: boxes, texts, one picture. Knows SDL, and nothing of the library but pixels.
#ifndef DESKTOP_SCREEN_HPP
#define DESKTOP_SCREEN_HPP

#include <string>

#include <SDL.h>
#include <SDL_ttf.h>

#include "diffusion.hpp"

namespace colour {
constexpr SDL_Color back{24, 26, 32, 255}, field{38, 41, 50, 255}, edge{62, 67, 80, 255}, focus{110, 168, 254, 255},
    text{232, 234, 240, 255}, dim{146, 152, 168, 255}, action{55, 108, 190, 255}, error{255, 150, 140, 255};
}

class Screen {
public:
    // Without a window: see error(). A font file of "" is looked for.
    Screen(const char *title, std::string font_file);
    ~Screen();
    Screen(const Screen &) = delete;
    Screen &operator=(const Screen &) = delete;
    explicit operator bool() const { return error_.empty(); }
    const std::string &error() const { return error_; }

    SDL_Rect size() const;
    void begin();
    void end();
    void box(const SDL_Rect &at, SDL_Color fill, SDL_Color edge);
    int width_of(const std::string &text) const;
    // One line in the middle of the box's height, from `shift` pixels left of its left side, cut off at its sides.
    void text(const std::string &text, const SDL_Rect &in, SDL_Color colour, int shift = 0);
    // Several lines, broken where the box ends.
    void paragraph(const std::string &text, const SDL_Rect &in, SDL_Color colour);
    // Takes the pixels over; they are enlarged smoothly, a preview's that has one for each latent too.
    void set_picture(diffusion::ImageView image);
    // As large as fits, in its own proportions.
    void picture(const SDL_Rect &in);

private:
    void blit(SDL_Surface *surface, const SDL_Rect &in, int x, int y);

    std::string error_;
    SDL_Window *window_ = nullptr;
    SDL_Renderer *renderer_ = nullptr;
    SDL_Texture *picture_ = nullptr;
    TTF_Font *font_ = nullptr;
};

#endif
