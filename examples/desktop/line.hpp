// A line of UTF-8 text that is being edited, whole characters at a time.
#ifndef DESKTOP_LINE_HPP
#define DESKTOP_LINE_HPP

#include <cstddef>
#include <string>

class Line {
public:
    explicit Line(std::string text) : text_(std::move(text)), caret_(text_.size()) {}

    const std::string &text() const { return text_; }
    std::string before_caret() const { return text_.substr(0, caret_); }

    void set(const std::string &text)
    {
        text_ = text;
        caret_ = text_.size();
    }
    void insert(const std::string &more)
    {
        text_.insert(caret_, more);
        caret_ += more.size();
    }
    void left() { caret_ = step_back(); }
    void right() { caret_ = step_on(); }
    void home() { caret_ = 0; }
    void end() { caret_ = text_.size(); }
    void backspace()
    {
        const std::size_t from = step_back();
        text_.erase(from, caret_ - from);
        caret_ = from;
    }
    void erase() { text_.erase(caret_, step_on() - caret_); }

private:
    // The bytes of a character after its first are 10xxxxxx.
    bool is_inside(std::size_t at) const { return at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xC0) == 0x80; }
    std::size_t step_back() const
    {
        std::size_t at = caret_;
        while (at > 0 && is_inside(--at)) {
        }
        return at;
    }
    std::size_t step_on() const
    {
        std::size_t at = caret_ < text_.size() ? caret_ + 1 : caret_;
        while (is_inside(at))
            ++at;
        return at;
    }

    std::string text_;
    std::size_t caret_; // in bytes, between two characters
};

#endif
