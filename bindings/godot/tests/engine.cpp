#include "engine.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <utility>

namespace engine {

std::function<void(const Emitted&)> on_signal;

std::map<std::string, Class>& classes()
{
    static std::map<std::string, Class> all;
    return all;
}
std::vector<Emitted>& emitted()
{
    static std::vector<Emitted> all;
    return all;
}
std::map<std::string, std::string>& folders()
{
    static std::map<std::string, std::string> all;
    return all;
}
std::vector<std::string>& errors()
{
    static std::vector<std::string> all;
    return all;
}

namespace {

[[noreturn]] void missing(const std::string& what)
{
    std::fprintf(stderr, "the stand-in for the engine has no %s\n", what.c_str());
    std::abort();
}

// ---------------------------------------------------------------------------------------------------------- values

using Type = GDExtensionVariantType;

template <class T>
void construct_empty(void* at, const GDExtensionConstTypePtr*) { construct<T>(at); }
template <class T>
void construct_copy(void* at, const GDExtensionConstTypePtr* from) { copy<T>(at, from[0]); }

GDExtensionPtrConstructor constructor(Type type, std::int32_t which)
{
    if (type == GDEXTENSION_VARIANT_TYPE_STRING) {
        static const GDExtensionPtrConstructor all[] = {
            construct_empty<std::string>, construct_copy<std::string>,
            [](void* at, const GDExtensionConstTypePtr* from) { construct<std::string>(at, name_at(from[0])); }};
        return which < 3 ? all[which] : nullptr;
    }
    if (type == GDEXTENSION_VARIANT_TYPE_STRING_NAME) {
        static const GDExtensionPtrConstructor all[] = {
            [](void* at, const GDExtensionConstTypePtr*) { put_name(at, ""); },
            [](void* at, const GDExtensionConstTypePtr* from) { put_name(at, name_at(from[0])); },
            [](void* at, const GDExtensionConstTypePtr* from) { put_name(at, get<std::string>(from[0])); }};
        return which < 3 ? all[which] : nullptr;
    }
    if (type == GDEXTENSION_VARIANT_TYPE_ARRAY && which < 2)
        return which == 0 ? construct_empty<Array> : construct_copy<Array>;
    if (type == GDEXTENSION_VARIANT_TYPE_DICTIONARY && which < 2)
        return which == 0 ? construct_empty<Dictionary> : construct_copy<Dictionary>;
    if (type == GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY && which < 2)
        return which == 0 ? construct_empty<Bytes> : construct_copy<Bytes>;
    return [](void*, const GDExtensionConstTypePtr*) { missing("constructor of this type"); };
}

GDExtensionPtrDestructor destructor(Type type)
{
    switch (type) {
    case GDEXTENSION_VARIANT_TYPE_STRING: return destroy<std::string>;
    case GDEXTENSION_VARIANT_TYPE_ARRAY: return destroy<Array>;
    case GDEXTENSION_VARIANT_TYPE_DICTIONARY: return destroy<Dictionary>;
    case GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY: return destroy<Bytes>;
    default: return [](void*) {}; // names are for ever, the others are never made here
    }
}

using Call = GDExtensionPtrBuiltInMethod;

Call builtin_method(Type type, GDExtensionConstStringNamePtr method, GDExtensionInt)
{
    const std::string& called = name_at(method);
    using Arguments = const GDExtensionConstTypePtr*;
    if (type == GDEXTENSION_VARIANT_TYPE_STRING_NAME && called == "hash")
        return [](void* base, Arguments, void* result, int) {
            *static_cast<std::int64_t*>(result) = static_cast<std::int64_t>(std::hash<std::string>()(name_at(base)));
        };
    if (type == GDEXTENSION_VARIANT_TYPE_STRING && called == "length")
        return [](void* base, Arguments, void* result, int) {
            *static_cast<std::int64_t*>(result) = static_cast<std::int64_t>(get<std::string>(base).size());
        };
    if (type == GDEXTENSION_VARIANT_TYPE_DICTIONARY && called == "keys")
        return [](void* base, Arguments, void* result, int) {
            Array keys;
            for (const auto& [key, value] : get<Dictionary>(base))
                keys.push_back(key);
            get<Array>(result) = keys;
        };
    if (type == GDEXTENSION_VARIANT_TYPE_ARRAY && called == "size")
        return [](void* base, Arguments, void* result, int) {
            *static_cast<std::int64_t*>(result) = static_cast<std::int64_t>(get<Array>(base).size());
        };
    if (type == GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY && called == "size")
        return [](void* base, Arguments, void* result, int) {
            *static_cast<std::int64_t*>(result) = static_cast<std::int64_t>(get<Bytes>(base).size());
        };
    if (type == GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY && called == "resize")
        return [](void* base, Arguments arguments, void* result, int) {
            get<Bytes>(base).resize(static_cast<std::size_t>(*static_cast<const std::int64_t*>(arguments[0])));
            *static_cast<std::int64_t*>(result) = 0;
        };
    return [](void*, Arguments, void*, int) { missing("method of this built-in type"); };
}

std::string utf8_of(const char32_t* text)
{
    std::string utf8;
    for (; *text != 0; ++text) {
        const int more = *text < 0x80 ? 0 : *text < 0x800 ? 1 : *text < 0x10000 ? 2 : 3;
        static constexpr int first[] = {0, 0xC0, 0xE0, 0xF0};
        utf8 += static_cast<char>(first[more] | static_cast<int>(*text >> (6 * more)));
        for (int i = more - 1; i >= 0; --i)
            utf8 += static_cast<char>(0x80 | ((*text >> (6 * i)) & 0x3F));
    }
    return utf8;
}

template <int type>
const std::string& text_at(const void* at)
{
    if constexpr (type == GDEXTENSION_VARIANT_TYPE_STRING)
        return get<std::string>(at);
    else
        return name_at(at);
}

template <int one, int other, class Comparison>
void compare(const void* left, const void* right, void* result)
{
    *static_cast<std::uint8_t*>(result) = Comparison()(text_at<one>(left), text_at<other>(right));
}

template <int one, int other>
GDExtensionPtrOperatorEvaluator comparison(GDExtensionVariantOperator which)
{
    if (which == GDEXTENSION_VARIANT_OP_EQUAL)
        return compare<one, other, std::equal_to<>>;
    if (which == GDEXTENSION_VARIANT_OP_NOT_EQUAL)
        return compare<one, other, std::not_equal_to<>>;
    if (which == GDEXTENSION_VARIANT_OP_LESS)
        return compare<one, other, std::less<>>;
    return [](const void*, const void*, void*) { missing("operator of these texts"); };
}

GDExtensionPtrOperatorEvaluator operator_of(GDExtensionVariantOperator which, Type one, Type other)
{
    constexpr Type text = GDEXTENSION_VARIANT_TYPE_STRING, name = GDEXTENSION_VARIANT_TYPE_STRING_NAME;
    if (one == text)
        return other == text ? comparison<text, text>(which) : comparison<text, name>(which);
    if (one == name)
        return other == text ? comparison<name, text>(which) : comparison<name, name>(which);
    return [](const void*, const void*, void*) { missing("operator of these types"); };
}

// A function that knows a type, one for each of them.
template <int type>
void from_type(void* variant, void* value) { (new (variant) Variant())->put(type, value); }

template <int type>
void to_type(void* value, void* from)
{
    const Variant& variant = *static_cast<Variant*>(from);
    const bool is_number = variant.type == GDEXTENSION_VARIANT_TYPE_FLOAT;
    if constexpr (type == GDEXTENSION_VARIANT_TYPE_BOOL)
        *static_cast<std::uint8_t*>(value) = variant.whole != 0;
    else if constexpr (type == GDEXTENSION_VARIANT_TYPE_INT)
        *static_cast<std::int64_t*>(value) = is_number ? static_cast<std::int64_t>(variant.number) : variant.whole;
    else if constexpr (type == GDEXTENSION_VARIANT_TYPE_FLOAT)
        *static_cast<double*>(value) = is_number ? variant.number : static_cast<double>(variant.whole);
    else if constexpr (type == GDEXTENSION_VARIANT_TYPE_STRING)
        construct<std::string>(value, variant.text());
    else if constexpr (type == GDEXTENSION_VARIANT_TYPE_STRING_NAME)
        put_name(value, variant.text());
    else if constexpr (type == GDEXTENSION_VARIANT_TYPE_DICTIONARY)
        copy<Dictionary>(value, variant.bytes);
    else if constexpr (type == GDEXTENSION_VARIANT_TYPE_ARRAY)
        copy<Array>(value, variant.bytes);
    else if constexpr (type == GDEXTENSION_VARIANT_TYPE_OBJECT)
        *static_cast<void**>(value) = variant.object();
    else
        missing("value of this type");
}

template <int... types>
auto from_types(std::integer_sequence<int, types...>)
{
    return std::array<GDExtensionVariantFromTypeConstructorFunc, sizeof...(types)>{from_type<types>...};
}
template <int... types>
auto to_types(std::integer_sequence<int, types...>)
{
    return std::array<GDExtensionTypeFromVariantConstructorFunc, sizeof...(types)>{to_type<types>...};
}
using AllTypes = std::make_integer_sequence<int, GDEXTENSION_VARIANT_TYPE_VARIANT_MAX>;

GDExtensionBool can_convert(Type from, Type to)
{
    const auto is_number = [](Type type) {
        return type == GDEXTENSION_VARIANT_TYPE_BOOL || type == GDEXTENSION_VARIANT_TYPE_INT || type == GDEXTENSION_VARIANT_TYPE_FLOAT;
    };
    return from == to || (is_number(from) && is_number(to));
}

// --------------------------------------------------------------------------------------------------------- objects

using Native = std::function<void(Object* self, const GDExtensionConstTypePtr* arguments, void* result)>;

// The object that a parameter with a reference names.
Object* object_at(GDExtensionConstTypePtr argument)
{
    return argument != nullptr ? *static_cast<Object* const*>(argument) : nullptr;
}
std::int64_t whole_at(GDExtensionConstTypePtr argument) { return *static_cast<const std::int64_t*>(argument); }
void give(void* result, std::int64_t value) { *static_cast<std::int64_t*>(result) = value; }

void show_in(Object* texture, const Object* image)
{
    texture->width = image->width;
    texture->height = image->height;
    texture->bytes = image->bytes;
    ++texture->updates;
}

// The engine's own methods that the extension calls.
const std::map<std::string, Native>& natives()
{
    static const std::map<std::string, Native> all = {
        {"Object.notification", [](Object*, auto, void*) {}},
        {"RefCounted.init_ref",
         [](Object* self, auto, void* result) {
             self->references += self->is_new ? 0 : 1;
             self->is_new = false;
             *static_cast<std::uint8_t*>(result) = 1;
         }},
        {"RefCounted.reference", [](Object* self, auto, void* result) { ++self->references; *static_cast<std::uint8_t*>(result) = 1; }},
        {"RefCounted.unreference",
         [](Object* self, auto, void* result) { *static_cast<std::uint8_t*>(result) = --self->references == 0; }},
        {"ProjectSettings.globalize_path",
         [](Object*, auto arguments, void* result) {
             std::string path = get<std::string>(arguments[0]);
             for (const auto& [start, folder] : folders())
                 if (path.compare(0, start.size(), start) == 0)
                     path = folder + "/" + path.substr(start.size());
             get<std::string>(result) = path;
         }},
        {"Image.create_from_data",
         [](Object*, auto arguments, void* result) {
             auto* image = new Object("Image");
             image->is_new = false; // the result holds it
             image->width = whole_at(arguments[0]);
             image->height = whole_at(arguments[1]);
             image->format = whole_at(arguments[3]);
             image->bytes = get<Bytes>(arguments[4]);
             *static_cast<Object**>(result) = image;
         }},
        {"Image.copy_from", [](Object* self, auto arguments, void*) {
             const Object* from = object_at(arguments[0]);
             self->width = from->width;
             self->height = from->height;
             self->format = from->format;
             self->bytes = from->bytes;
         }},
        {"Image.is_compressed", [](Object*, auto, void* result) { *static_cast<std::uint8_t*>(result) = 0; }},
        {"Image.clear_mipmaps", [](Object*, auto, void*) {}},
        {"Image.convert",
         [](Object* self, auto arguments, void*) {
             if (self->format != 4 || whole_at(arguments[0]) != 5)
                 missing("conversion but RGB8 to RGBA8");
             Bytes rgba;
             for (std::size_t i = 0; i < self->bytes.size(); ++i) {
                 rgba.push_back(self->bytes[i]);
                 if (i % 3 == 2)
                     rgba.push_back(255);
             }
             self->bytes = rgba;
             self->format = 5;
         }},
        {"Image.get_data", [](Object* self, auto, void* result) { get<Bytes>(result) = self->bytes; }},
        {"Image.get_width", [](Object* self, auto, void* result) { give(result, self->width); }},
        {"Image.get_height", [](Object* self, auto, void* result) { give(result, self->height); }},
        {"Texture2D.get_width", [](Object* self, auto, void* result) { give(result, self->width); }},
        {"Texture2D.get_height", [](Object* self, auto, void* result) { give(result, self->height); }},
        {"ImageTexture.set_image", [](Object* self, auto arguments, void*) { show_in(self, object_at(arguments[0])); }},
        {"ImageTexture.update",
         [](Object* self, auto arguments, void*) {
             if (self->width != object_at(arguments[0])->width)
                 missing("update of a texture with another size, as Godot has none");
             show_in(self, object_at(arguments[0]));
         }},
    };
    return all;
}

// A method is its name: "Image.get_width".
GDExtensionMethodBindPtr method_bind(GDExtensionConstStringNamePtr class_name, GDExtensionConstStringNamePtr method, GDExtensionInt)
{
    return name(name_at(class_name) + "." + name_at(method));
}

void ptrcall(GDExtensionMethodBindPtr bind, GDExtensionObjectPtr self, const GDExtensionConstTypePtr* arguments, GDExtensionTypePtr result)
{
    const std::string& called = *static_cast<const std::string*>(bind);
    const auto found = natives().find(called);
    if (found == natives().end())
        missing(called);
    found->second(static_cast<Object*>(self), arguments, result);
}

void bind_call(GDExtensionMethodBindPtr bind, GDExtensionObjectPtr self, const GDExtensionConstVariantPtr* arguments, GDExtensionInt count,
               GDExtensionUninitializedVariantPtr result, GDExtensionCallError* error)
{
    if (*static_cast<const std::string*>(bind) != "Object.emit_signal")
        missing(*static_cast<const std::string*>(bind));
    Emitted one{static_cast<const Variant*>(arguments[0])->text(), {}};
    for (GDExtensionInt i = 1; i < count; ++i)
        one.arguments.push_back(*static_cast<const Variant*>(arguments[i]));
    const Class& own = classes().at(static_cast<Object*>(self)->class_name);
    const auto signal = own.signals.find(one.name);
    if (signal == own.signals.end() || signal->second != one.arguments.size())
        missing("signal " + one.name + " with so many arguments");
    emitted().push_back(one);
    if (on_signal)
        on_signal(one);
    new (result) Variant(std::int64_t{0});
    error->error = GDEXTENSION_CALL_OK;
}

void* binding(GDExtensionObjectPtr object, void* token, const GDExtensionInstanceBindingCallbacks* callbacks)
{
    auto* self = static_cast<Object*>(object);
    if (self->binding == nullptr && callbacks != nullptr) {
        self->callbacks = *callbacks;
        self->binding = callbacks->create_callback(token, self);
    }
    return self->binding;
}

int token; // which the extension gets as its library

void register_class(GDExtensionClassLibraryPtr, GDExtensionConstStringNamePtr class_name, GDExtensionConstStringNamePtr parent,
                    const GDExtensionClassCreationInfo5* info)
{
    classes()[name_at(class_name)] = {name_at(parent), *info, {}, {}};
}

void register_method(GDExtensionClassLibraryPtr, GDExtensionConstStringNamePtr class_name, const GDExtensionClassMethodInfo* info)
{
    classes().at(name_at(class_name)).methods[name_at(info->name)] = {info->call_func, info->method_userdata};
}

void register_signal(GDExtensionClassLibraryPtr, GDExtensionConstStringNamePtr class_name, GDExtensionConstStringNamePtr signal,
                     const GDExtensionPropertyInfo*, GDExtensionInt count)
{
    classes().at(name_at(class_name)).signals[name_at(signal)] = static_cast<std::size_t>(count);
}

Variant* in_dictionary(const void* at, const void* key)
{
    for (auto& [there, value] : get<Dictionary>(at))
        if (there == *static_cast<const Variant*>(key))
            return &value;
    missing("key in this dictionary");
}

void note_error(const char* what, const char* message)
{
    errors().push_back(std::string(what) + ": " + message);
    std::fprintf(stderr, "%s\n", errors().back().c_str());
}

// ------------------------------------------------------------------------------------------------------- interface

template <class Function>
GDExtensionInterfaceFunctionPtr as(Function function) { return reinterpret_cast<GDExtensionInterfaceFunctionPtr>(function); }

// Godot has room before what it gives in debug builds, where godot-cpp writes how many elements an array has.
constexpr std::size_t HEADER = 32;
void* allocate(std::size_t size) { return static_cast<char*>(std::malloc(size + HEADER)) + HEADER; }

std::map<std::string, GDExtensionInterfaceFunctionPtr> functions()
{
    static const auto from = from_types(AllTypes());
    static const auto to = to_types(AllTypes());
    return {
        {"get_godot_version2", as(+[](GDExtensionGodotVersion2* version) {
             *version = {};
             version->major = 4;
             version->minor = 5;
         })},
        {"mem_alloc", as(allocate)},
        {"mem_realloc", as(+[](void* at, std::size_t size) {
             if (at == nullptr)
                 return allocate(size);
             return static_cast<void*>(static_cast<char*>(std::realloc(static_cast<char*>(at) - HEADER, size + HEADER)) + HEADER);
         })},
        {"mem_free", as(+[](void* at) {
             if (at != nullptr)
                 std::free(static_cast<char*>(at) - HEADER);
         })},
        {"print_error", as(+[](const char* what, const char*, const char*, std::int32_t, GDExtensionBool) { note_error("error", what); })},
        {"print_error_with_message", as(+[](const char* what, const char* message, const char*, const char*, std::int32_t,
                                            GDExtensionBool) { note_error(what, message); })},
        {"variant_new_copy", as(+[](void* to_there, const void* there) { new (to_there) Variant(*static_cast<const Variant*>(there)); })},
        {"variant_new_nil", as(+[](void* there) { new (there) Variant(); })},
        {"variant_destroy", as(+[](void* there) { static_cast<Variant*>(there)->clear(); })},
        {"variant_get_type", as(+[](const void* there) { return static_cast<Type>(static_cast<const Variant*>(there)->type); })},
        {"variant_can_convert_strict", as(can_convert)},
        {"get_variant_from_type_constructor", as(+[](Type type) { return from.at(type); })},
        {"get_variant_to_type_constructor", as(+[](Type type) { return to.at(type); })},
        {"variant_get_ptr_constructor", as(constructor)},
        {"variant_get_ptr_destructor", as(destructor)},
        {"variant_get_ptr_builtin_method", as(builtin_method)},
        {"variant_get_ptr_operator_evaluator", as(operator_of)},
        // What godot-cpp asks for beforehand and nothing here uses.
        {"variant_get_ptr_internal_getter", as(+[](Type) { return static_cast<void*>(nullptr); })},
        {"variant_get_ptr_utility_function", as(+[](const void*, GDExtensionInt) { return static_cast<void*>(nullptr); })},
        {"variant_get_ptr_setter", as(+[](Type, const void*) { return static_cast<void*>(nullptr); })},
        {"variant_get_ptr_getter", as(+[](Type, const void*) { return static_cast<void*>(nullptr); })},
        {"variant_get_ptr_indexed_setter", as(+[](Type) { return static_cast<void*>(nullptr); })},
        {"variant_get_ptr_indexed_getter", as(+[](Type) { return static_cast<void*>(nullptr); })},
        {"variant_get_ptr_keyed_setter", as(+[](Type) { return static_cast<void*>(nullptr); })},
        {"variant_get_ptr_keyed_getter", as(+[](Type) { return static_cast<void*>(nullptr); })},
        {"variant_get_ptr_keyed_checker", as(+[](Type) { return static_cast<void*>(nullptr); })},
        {"string_new_with_latin1_chars", as(+[](void* at, const char* text) { construct<std::string>(at, text); })},
        {"string_new_with_utf8_chars", as(+[](void* at, const char* text) { construct<std::string>(at, text); })},
        {"string_new_with_utf32_chars", as(+[](void* at, const char32_t* text) { construct<std::string>(at, utf8_of(text)); })},
        {"string_new_with_utf8_chars_and_len2", as(+[](void* at, const char* text, GDExtensionInt size) {
             get<std::string>(at).assign(text, static_cast<std::size_t>(size));
             return GDExtensionInt{0};
         })},
        {"string_to_utf8_chars", as(+[](const void* at, char* to_there, GDExtensionInt room) {
             const std::string& text = get<std::string>(at);
             if (to_there != nullptr)
                 std::memcpy(to_there, text.data(), std::min(text.size(), static_cast<std::size_t>(room)));
             return static_cast<GDExtensionInt>(text.size());
         })},
        {"string_name_new_with_latin1_chars", as(+[](void* at, const char* text, GDExtensionBool) { put_name(at, text); })},
        {"packed_byte_array_operator_index", as(+[](void* at, GDExtensionInt i) { return get<Bytes>(at).data() + i; })},
        {"packed_byte_array_operator_index_const", as(+[](const void* at, GDExtensionInt i) { return get<Bytes>(at).data() + i; })},
        {"array_operator_index", as(+[](void* at, GDExtensionInt i) { return get<Array>(at).data() + i; })},
        {"array_operator_index_const", as(+[](const void* at, GDExtensionInt i) { return get<Array>(at).data() + i; })},
        {"dictionary_operator_index", as(+[](void* at, const void* key) { return in_dictionary(at, key); })},
        {"dictionary_operator_index_const", as(+[](const void* at, const void* key) { return in_dictionary(at, key); })},
        {"object_method_bind_call", as(bind_call)},
        {"object_method_bind_ptrcall", as(ptrcall)},
        {"object_destroy", as(+[](void* object) { free_object(static_cast<Object*>(object)); })},
        {"global_get_singleton", as(+[](GDExtensionConstStringNamePtr at) {
             static std::map<std::string, Object> singletons;
             return &singletons.try_emplace(name_at(at), name_at(at)).first->second;
         })},
        {"object_get_instance_binding", as(binding)},
        {"object_set_instance_binding",
         as(+[](void* object, void*, void* own, const GDExtensionInstanceBindingCallbacks* callbacks) {
             static_cast<Object*>(object)->binding = own;
             static_cast<Object*>(object)->callbacks = *callbacks;
         })},
        {"object_free_instance_binding", as(+[](void* object, void*) {
             auto* self = static_cast<Object*>(object);
             if (self->binding != nullptr)
                 self->callbacks.free_callback(&token, self, self->binding);
             self->binding = nullptr;
         })},
        {"object_set_instance", as(+[](void* object, GDExtensionConstStringNamePtr class_name, void* instance) {
             static_cast<Object*>(object)->class_name = name_at(class_name);
             static_cast<Object*>(object)->extension = instance;
         })},
        {"object_get_class_name", as(+[](const void* object, void*, void* at) {
             put_name(at, static_cast<const Object*>(object)->class_name);
             return GDExtensionBool{1};
         })},
        {"object_cast_to", as(+[](const void* object, void* tag) {
             const bool fits = static_cast<const Object*>(object)->class_name == *static_cast<const std::string*>(tag);
             return fits ? const_cast<void*>(object) : nullptr;
         })},
        {"classdb_get_class_tag", as(+[](GDExtensionConstStringNamePtr class_name) { return name(name_at(class_name)); })},
        {"classdb_construct_object2", as(+[](GDExtensionConstStringNamePtr class_name) { return new Object(name_at(class_name)); })},
        {"classdb_get_method_bind", as(method_bind)},
        {"classdb_register_extension_class5", as(register_class)},
        {"classdb_register_extension_class_method", as(register_method)},
        {"classdb_register_extension_class_signal", as(register_signal)},
        {"classdb_unregister_extension_class",
         as(+[](GDExtensionClassLibraryPtr, GDExtensionConstStringNamePtr class_name) { classes().erase(name_at(class_name)); })},
    };
}

// One function for each name that is asked for and not there, which says it when it is called.
std::vector<std::string> unknown;
template <int which>
void call_of_unknown() { missing("interface function " + unknown.at(which)); }
template <int... all>
auto calls_of_unknown(std::integer_sequence<int, all...>)
{
    return std::array<GDExtensionInterfaceFunctionPtr, sizeof...(all)>{as(call_of_unknown<all>)...};
}

} // namespace

GDExtensionInterfaceFunctionPtr interface_function(const char* name)
{
    static const auto known = functions();
    static const auto traps = calls_of_unknown(std::make_integer_sequence<int, 256>());
    const auto found = known.find(name);
    if (found != known.end())
        return found->second;
    unknown.push_back(name);
    return traps.at(unknown.size() - 1);
}

void free_object(Object* object)
{
    if (object->extension != nullptr) {
        const Class& own = classes().at(object->class_name);
        own.info.free_instance_func(own.info.class_userdata, object->extension);
    } else if (object->binding != nullptr)
        object->callbacks.free_callback(&token, object, object->binding);
    delete object;
}

Object* create(const std::string& class_name)
{
    const Class& own = classes().at(class_name);
    return static_cast<Object*>(own.info.create_instance_func(own.info.class_userdata, 1));
}

Variant call(Object* object, const std::string& method, const std::vector<Variant>& arguments)
{
    const auto found = classes().at(object->class_name).methods.find(method);
    if (found == classes().at(object->class_name).methods.end())
        missing("method " + method);
    std::vector<GDExtensionConstVariantPtr> pointers;
    for (const Variant& argument : arguments)
        pointers.push_back(&argument);
    Variant result;
    GDExtensionCallError error{GDEXTENSION_CALL_OK, 0, 0};
    found->second.call(found->second.userdata, object->extension, pointers.data(), static_cast<GDExtensionInt>(pointers.size()), &result, &error);
    if (error.error != GDEXTENSION_CALL_OK)
        missing("way to call " + method + " like this");
    return result;
}

void process(Object* object, std::uint32_t hash, double delta)
{
    const Class& own = classes().at(object->class_name);
    const void* called = name("_process");
    const auto function = own.info.get_virtual_func(own.info.class_userdata, &called, hash);
    if (function == nullptr)
        missing("override of _process with this hash");
    const GDExtensionConstTypePtr arguments[] = {&delta};
    function(object->extension, arguments, nullptr);
}

} // namespace engine
