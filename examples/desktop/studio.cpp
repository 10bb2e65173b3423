#include "studio.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace {

enum { MARGIN = 16, GAP = 8, ROW = 44, COLUMN = 188, INSIDE = 12 };

SDL_Rect inside(const SDL_Rect &at) { return {at.x + INSIDE, at.y, at.w - 2 * INSIDE, at.h}; }

bool exists(const std::string &file)
{
    FILE *there = std::fopen(file.c_str(), "rb");
    if (there != nullptr)
        std::fclose(there);
    return there != nullptr;
}

} // namespace

Studio::Studio(const Settings &settings, Screen &screen)
    : settings_(settings), screen_(screen), prompt_(settings.prompt), seed_(std::to_string(settings.seed))
{
    painter_.open(settings_.model, settings_.preview);
    SDL_StartTextInput();
}

Studio::Layout Studio::layout() const
{
    const SDL_Rect all = screen_.size();
    const int right = all.w - MARGIN - COLUMN, top = MARGIN + ROW + MARGIN, bottom = all.h - MARGIN - 30;
    const int half = (COLUMN - GAP) / 2;
    Layout at{};
    at.prompt = {MARGIN, MARGIN, all.w - 2 * MARGIN, ROW};
    at.picture = {MARGIN, top, right - 2 * MARGIN, bottom - GAP - top};
    at.seed = {right, top + 24, COLUMN, ROW};
    at.less = {right, at.seed.y + ROW + GAP, half, ROW - 8};
    at.more = {right + half + GAP, at.less.y, half, ROW - 8};
    at.draw = {right, at.less.y + ROW + MARGIN, COLUMN, ROW};
    at.cancel = {right, at.draw.y + ROW + GAP, COLUMN, ROW};
    at.save = {right, at.cancel.y + ROW + GAP, COLUMN, ROW};
    at.keys = {right, at.save.y + ROW + MARGIN, COLUMN, bottom - GAP - (at.save.y + ROW + MARGIN)};
    at.bar = {MARGIN, bottom, all.w - 2 * MARGIN, 4};
    at.status = {MARGIN, bottom + 8, all.w - 2 * MARGIN, 24};
    return at;
}

bool Studio::handle(const SDL_Event &event)
{
    if (event.type == SDL_QUIT)
        return false;
    if (event.type == SDL_KEYDOWN)
        key(event.key.keysym);
    else if (event.type == SDL_MOUSEBUTTONDOWN)
        click({event.button.x, event.button.y});
    else if (event.type == SDL_TEXTINPUT && focus_ == Focus::Prompt)
        prompt_.insert(event.text.text);
    else if (event.type == SDL_TEXTINPUT)
        for (const char *letter = event.text.text; *letter != '\0'; ++letter)
            if (*letter >= '0' && *letter <= '9')
                seed_.insert(std::string(1, *letter));
    return true;
}

void Studio::key(const SDL_Keysym &pressed)
{
    Line &line = focus_ == Focus::Prompt ? prompt_ : seed_;
    const bool control = (pressed.mod & (KMOD_CTRL | KMOD_GUI)) != 0;
    switch (pressed.sym) {
    case SDLK_RETURN: case SDLK_KP_ENTER: draw(); break;
    case SDLK_ESCAPE: painter_.cancel(); break;
    case SDLK_TAB: focus_ = focus_ == Focus::Prompt ? Focus::Seed : Focus::Prompt; break;
    case SDLK_BACKSPACE: line.backspace(); break;
    case SDLK_DELETE: line.erase(); break;
    case SDLK_LEFT: line.left(); break;
    case SDLK_RIGHT: line.right(); break;
    case SDLK_HOME: line.home(); break;
    case SDLK_END: line.end(); break;
    case SDLK_UP: change_seed(1); break;
    case SDLK_DOWN: change_seed(-1); break;
    case SDLK_s:
        if (control)
            save();
        break;
    case SDLK_u:
        if (control)
            line.set("");
        break;
    case SDLK_v:
        if (control && focus_ == Focus::Prompt)
            if (char *pasted = SDL_GetClipboardText()) {
                prompt_.insert(pasted);
                SDL_free(pasted);
            }
        break;
    default: break;
    }
}

void Studio::click(SDL_Point point)
{
    const Layout at = layout();
    const auto hit = [&](const SDL_Rect &box) { return SDL_PointInRect(&point, &box) == SDL_TRUE; };
    if (hit(at.prompt))
        focus_ = Focus::Prompt;
    else if (hit(at.seed))
        focus_ = Focus::Seed;
    else if (hit(at.less))
        change_seed(-1);
    else if (hit(at.more))
        change_seed(1);
    else if (hit(at.draw))
        draw();
    else if (hit(at.cancel))
        painter_.cancel();
    else if (hit(at.save))
        save();
}

void Studio::draw()
{
    said_.clear();
    painter_.draw(prompt_.text(), seed(), settings_.steps);
}

// Into the first name that is free, so that no picture is lost.
void Studio::save()
{
    const std::string start = settings_.folder + "/picture-" + std::to_string(painter_.seed());
    std::string file = start + ".png";
    for (int number = 2; exists(file); ++number)
        file = start + "-" + std::to_string(number) + ".png";
    const std::string problem = painter_.save(file);
    tell(problem.empty() ? "saved " + file : problem);
}

// Past the largest seed that there is, the largest.
std::uint64_t Studio::seed() const { return std::strtoull(seed_.text().c_str(), nullptr, 10); }

void Studio::change_seed(std::int64_t by)
{
    seed_.set(std::to_string(seed() + static_cast<std::uint64_t>(by))); // around the ends, as seeds go
}

void Studio::frame()
{
    painter_.poll();
    if (painter_.version() != shown_version_ && painter_.picture() != nullptr) {
        shown_version_ = painter_.version();
        screen_.set_picture(painter_.picture());
    }
    const std::string news = painter_.take_news();
    if (!news.empty()) {
        tell(news);
        said_.clear(); // the status line has it by itself
    }
    screen_.begin();
    paint(layout());
    screen_.end();
}

void Studio::paint(const Layout &at)
{
    paint_field(prompt_, at.prompt, focus_ == Focus::Prompt, "what the picture shows");
    screen_.box(at.picture, colour::field, colour::field);
    screen_.picture(at.picture);
    if (!painter_.error().empty()) {
        const SDL_Rect veil{at.picture.x, at.picture.y, at.picture.w, at.picture.h};
        screen_.box(veil, {24, 26, 32, 220}, colour::error);
        screen_.paragraph(painter_.error(), {veil.x + MARGIN, veil.y + MARGIN, veil.w - 2 * MARGIN, veil.h - 2 * MARGIN},
                          colour::error);
    }
    screen_.text("Seed", {at.seed.x, at.seed.y - 26, at.seed.w, 22}, colour::dim);
    paint_field(seed_, at.seed, focus_ == Focus::Seed, "0");
    paint_button("\xE2\x88\x92", at.less, true);
    paint_button("+", at.more, true);
    paint_button("Draw", at.draw, !painter_.is_drawing(), true);
    paint_button("Cancel", at.cancel, painter_.is_drawing());
    paint_button("Save", at.save, painter_.is_finished());
    screen_.paragraph("Enter draws\nEscape cancels\nCtrl+S saves\nTab goes on\nUp, Down: the seed", at.keys, colour::dim);
    screen_.box(at.bar, colour::field, colour::field);
    SDL_Rect done = at.bar;
    done.w = static_cast<int>(static_cast<float>(done.w) * painter_.fraction());
    if (done.w > 0)
        screen_.box(done, colour::focus, colour::focus);
    screen_.text(said_.empty() || painter_.is_drawing() ? painter_.status() : said_, at.status, colour::dim);
}

void Studio::paint_field(Line &line, const SDL_Rect &at, bool has_focus, const char *empty)
{
    screen_.box(at, colour::field, has_focus ? colour::focus : colour::edge);
    const SDL_Rect in = inside(at);
    const int caret = screen_.width_of(line.before_caret());
    const int shift = caret > in.w - 2 ? caret - in.w + 2 : 0; // the caret stays in sight
    if (line.text().empty())
        screen_.text(empty, in, colour::edge);
    screen_.text(line.text(), in, colour::text, shift);
    if (has_focus)
        screen_.box({in.x + caret - shift, at.y + 10, 2, at.h - 20}, colour::focus, colour::focus);
}

void Studio::paint_button(const char *text, const SDL_Rect &at, bool can_be_pressed, bool is_main)
{
    const SDL_Color fill = can_be_pressed && is_main ? colour::action : colour::field;
    screen_.box(at, fill, can_be_pressed && is_main ? colour::action : colour::edge);
    screen_.text(text, at, can_be_pressed ? colour::text : colour::edge, -(at.w - screen_.width_of(text)) / 2);
}

void Studio::tell(const std::string &what)
{
    said_ = what;
    std::printf("%s\n", what.c_str());
    std::fflush(stdout);
}
