// A stand-in for Godot: loads an extension by the real interface, and runs the classes that it registers.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "values.hpp"

namespace engine {

// What one signal said.
struct Emitted {
    std::string name;
    std::vector<Variant> arguments;
};

struct Method {
    GDExtensionClassMethodCall call;
    void* userdata;
};

// A class that the extension registered.
struct Class {
    std::string parent;
    GDExtensionClassCreationInfo5 info;
    std::map<std::string, Method> methods;
    std::map<std::string, std::size_t> signals; // and how many arguments each has
};

std::map<std::string, Class>& classes();
std::vector<Emitted>& emitted();
// Where "res://" and "user://" are.
std::map<std::string, std::string>& folders();
std::vector<std::string>& errors();

// The interface function of a name; what this engine does not have ends the program with its name when it is called.
GDExtensionInterfaceFunctionPtr interface_function(const char* name);

Object* create(const std::string& class_name);
Variant call(Object* object, const std::string& method, const std::vector<Variant>& arguments);
// What the engine does for a node that overrides _process().
void process(Object* object, std::uint32_t hash, double delta);
// Runs once for every signal that is emitted, as a script that is connected would.
extern std::function<void(const Emitted&)> on_signal;

} // namespace engine
