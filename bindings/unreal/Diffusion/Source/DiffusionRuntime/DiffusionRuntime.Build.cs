using UnrealBuildTool;

// Not called "Diffusion": Unreal would then define DIFFUSION_API for it, and so does diffusion.h.
public class DiffusionRuntime : ModuleRules
{
	public DiffusionRuntime(ReadOnlyTargetRules Target) : base(Target)
	{
		PCHUsage = PCHUsageMode.UseExplicitOrSharedPCHs;
		PublicDependencyModuleNames.AddRange(new[] { "Core", "CoreUObject", "Engine" });
		PrivateDependencyModuleNames.Add("LibDiffusion");
	}
}
