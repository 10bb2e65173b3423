#pragma once

class FDefaultModuleImpl
{
};

#define IMPLEMENT_MODULE(implementation, name) [[maybe_unused]] static const implementation name##Module;
