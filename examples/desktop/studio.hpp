// The window's contents: two fields, five buttons, the picture, a status line; and what keys and the mouse do to them.
#ifndef DESKTOP_STUDIO_HPP
#define DESKTOP_STUDIO_HPP

#include <cstdint>
#include <string>

#include <SDL.h>

#include "line.hpp"
#include "painter.hpp"
#include "screen.hpp"

struct Settings {
    std::string model;
    std::string prompt = "a red house on the left in a meadow at noon, with trees and the sun";
    std::string preview = "small";
    std::string font;
    std::string folder = "."; // where pictures are saved
    std::uint64_t seed = 2;
    std::int64_t steps = 0;
};

class Studio {
public:
    Studio(const Settings &settings, Screen &screen);
    // False when the window is to be closed.
    bool handle(const SDL_Event &event);
    // One frame: looks at the jobs, paints.
    void frame();

private:
    enum class Focus { Prompt, Seed };
    struct Layout {
        SDL_Rect prompt, picture, seed, less, more, draw, cancel, save, keys, bar, status;
    };
    Layout layout() const;
    void key(const SDL_Keysym &pressed);
    void click(SDL_Point at);
    void draw();
    void save();
    std::uint64_t seed() const;
    void change_seed(std::int64_t by);
    void paint(const Layout &at);
    void paint_field(Line &line, const SDL_Rect &at, bool has_focus, const char *empty);
    void paint_button(const char *text, const SDL_Rect &at, bool can_be_pressed, bool is_main = false);
    void tell(const std::string &what);

    const Settings settings_;
    Screen &screen_;
    Painter painter_;
    Line prompt_;
    Line seed_;
    Focus focus_ = Focus::Prompt;
    unsigned shown_version_ = 0;
    std::string said_; // what was done last, beside the status
};

#endif
