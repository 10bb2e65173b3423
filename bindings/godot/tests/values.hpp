// The engine's values, as much as the extension uses: what lies in the bytes that godot-cpp keeps for each of them.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <gdextension_interface.h>

namespace engine {

// A value that is copied by sharing: the bytes hold a pointer to it, 0 for the empty one.
template <class T>
struct Shared {
    std::uint64_t holders = 1;
    T value;
};

template <class T>
T& get(GDExtensionConstTypePtr at)
{
    auto*& shared = *static_cast<Shared<T>**>(const_cast<void*>(at));
    if (shared == nullptr)
        shared = new Shared<T>();
    return shared->value;
}

template <class T>
void construct(void* at, T value = {})
{
    *static_cast<Shared<T>**>(at) = new Shared<T>{1, std::move(value)};
}

template <class T>
void copy(void* to, const void* from)
{
    (void)get<T>(from);
    auto* shared = *static_cast<Shared<T>* const*>(from);
    ++shared->holders;
    *static_cast<Shared<T>**>(to) = shared;
}

template <class T>
void destroy(void* at)
{
    auto*& shared = *static_cast<Shared<T>**>(at);
    if (shared != nullptr && --shared->holders == 0)
        delete shared;
    shared = nullptr;
}

// A name is one place for ever.
inline const std::string* name(const std::string& text)
{
    static std::unordered_set<std::string> names;
    return &*names.insert(text).first;
}
inline const std::string& name_at(const void* at)
{
    const std::string* found = *static_cast<const std::string* const*>(at);
    return found != nullptr ? *found : *name("");
}
inline void put_name(void* at, const std::string& text) { *static_cast<const std::string**>(at) = name(text); }

// An object of the engine's. `references` counts where it is a RefCounted; the first is the one it was born with.
struct Object {
    explicit Object(std::string name) : class_name(std::move(name)) {}
    std::string class_name;
    int references = 1;
    bool is_new = true;
    void* extension = nullptr; // the extension's own object, where the class is one of its
    void* binding = nullptr;   // the extension's view of an object of the engine's
    GDExtensionInstanceBindingCallbacks callbacks{};
    // Image and ImageTexture.
    std::int64_t width = 0, height = 0, format = 0;
    std::vector<std::uint8_t> bytes;
    int updates = 0;
    bool is_ref_counted() const { return class_name == "Image" || class_name == "ImageTexture"; }
};
void free_object(Object* object); // in engine.cpp, which knows the extension

struct Variant;
using Array = std::vector<Variant>;
using Dictionary = std::vector<std::pair<Variant, Variant>>; // in the order of insertion, as Godot's
using Bytes = std::vector<std::uint8_t>;

// 24 bytes, of which nil is all zeros.
struct Variant {
    std::int64_t type = GDEXTENSION_VARIANT_TYPE_NIL;
    union {
        std::int64_t whole;
        double number;
        void* pointer;
        std::uint8_t bytes[16];
    };

    Variant() : bytes{} {}
    Variant(const Variant& other) : bytes{} { put(other.type, other.bytes); }
    Variant(Variant&& other) noexcept : type(other.type)
    {
        std::memcpy(bytes, other.bytes, sizeof bytes);
        other.type = GDEXTENSION_VARIANT_TYPE_NIL;
    }
    Variant& operator=(Variant other) noexcept
    {
        std::swap(type, other.type);
        std::swap(bytes, other.bytes);
        return *this;
    }
    ~Variant() { clear(); }

    Variant(std::int64_t value) : type(GDEXTENSION_VARIANT_TYPE_INT), bytes{} { whole = value; }
    Variant(double value) : type(GDEXTENSION_VARIANT_TYPE_FLOAT), bytes{} { number = value; }
    Variant(const std::string& text) : type(GDEXTENSION_VARIANT_TYPE_STRING), bytes{} { construct<std::string>(bytes, text); }
    Variant(const char* text) : Variant(std::string(text)) {}
    Variant(const Dictionary& all);
    Variant(Object* object) : bytes{} { put(GDEXTENSION_VARIANT_TYPE_OBJECT, &object); }

    std::string text() const
    {
        return type == GDEXTENSION_VARIANT_TYPE_STRING_NAME ? name_at(bytes) : get<std::string>(bytes);
    }
    Object* object() const { return type == GDEXTENSION_VARIANT_TYPE_OBJECT ? static_cast<Object*>(pointer) : nullptr; }

    // Takes over a value of a type from where one lies.
    void put(std::int64_t of, const void* from);
    void clear();
    bool operator==(const Variant& other) const
    {
        return type == other.type && (type == GDEXTENSION_VARIANT_TYPE_STRING ? text() == other.text() : whole == other.whole);
    }
};
static_assert(sizeof(Variant) == 24, "what godot-cpp keeps for it");

inline void Variant::put(std::int64_t of, const void* from)
{
    clear();
    type = of;
    switch (of) {
    case GDEXTENSION_VARIANT_TYPE_NIL: break;
    case GDEXTENSION_VARIANT_TYPE_BOOL: whole = *static_cast<const std::uint8_t*>(from); break;
    case GDEXTENSION_VARIANT_TYPE_STRING: copy<std::string>(bytes, from); break;
    case GDEXTENSION_VARIANT_TYPE_ARRAY: copy<Array>(bytes, from); break;
    case GDEXTENSION_VARIANT_TYPE_DICTIONARY: copy<Dictionary>(bytes, from); break;
    default: // numbers, names
        std::memcpy(bytes, from, 8);
        break;
    case GDEXTENSION_VARIANT_TYPE_OBJECT:
        pointer = *static_cast<void* const*>(from);
        if (object() != nullptr && object()->is_ref_counted()) {
            // One that nobody holds yet is born into the variant.
            object()->references += object()->is_new ? 0 : 1;
            object()->is_new = false;
        }
    }
}

inline void Variant::clear()
{
    switch (type) {
    case GDEXTENSION_VARIANT_TYPE_STRING: destroy<std::string>(bytes); break;
    case GDEXTENSION_VARIANT_TYPE_ARRAY: destroy<Array>(bytes); break;
    case GDEXTENSION_VARIANT_TYPE_DICTIONARY: destroy<Dictionary>(bytes); break;
    case GDEXTENSION_VARIANT_TYPE_OBJECT:
        if (object() != nullptr && object()->is_ref_counted() && --object()->references == 0)
            free_object(object());
        break;
    default: break;
    }
    type = GDEXTENSION_VARIANT_TYPE_NIL;
}

inline Variant::Variant(const Dictionary& all) : type(GDEXTENSION_VARIANT_TYPE_DICTIONARY), bytes{}
{
    construct<Dictionary>(bytes, all);
}

} // namespace engine
