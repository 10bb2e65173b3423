// What Godot calls when it loads the extension.
#include <gdextension_interface.h>

#include <godot_cpp/core/class_db.hpp>
#include <godot_cpp/godot.hpp>

#include "diffusion_node.hpp"

static void begin(godot::ModuleInitializationLevel level)
{
    // In the editor a runtime class is a placeholder: its fields are there, and nothing is opened or drawn.
    if (level == godot::MODULE_INITIALIZATION_LEVEL_SCENE)
        GDREGISTER_RUNTIME_CLASS(Diffusion);
}

static void end(godot::ModuleInitializationLevel) {}

extern "C" GDExtensionBool GDE_EXPORT libdiffusion_godot_init(GDExtensionInterfaceGetProcAddress get_proc_address,
                                                              GDExtensionClassLibraryPtr library,
                                                              GDExtensionInitialization *initialization)
{
    const godot::GDExtensionBinding::InitObject init(get_proc_address, library, initialization);
    init.register_initializer(begin);
    init.register_terminator(end);
    init.set_minimum_library_initialization_level(godot::MODULE_INITIALIZATION_LEVEL_SCENE);
    return init.init();
}
