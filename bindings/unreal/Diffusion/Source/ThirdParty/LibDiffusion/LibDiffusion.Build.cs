// Where the library is: what `make install PREFIX=.../Source/ThirdParty/LibDiffusion` puts beside this file (include, lib),
// or the folder that LIBDIFFUSION_PREFIX names. The libraries travel with the game, in the plugin's Binaries folder.
using System;
using System.IO;
using UnrealBuildTool;

public class LibDiffusion : ModuleRules
{
	public LibDiffusion(ReadOnlyTargetRules Target) : base(Target)
	{
		Type = ModuleType.External;

		string Prefix = Environment.GetEnvironmentVariable("LIBDIFFUSION_PREFIX");
		if (string.IsNullOrEmpty(Prefix))
			Prefix = ModuleDirectory;
		string Libraries = Path.Combine(Prefix, "lib");
		if (!File.Exists(Path.Combine(Prefix, "include", "diffusion.hpp")))
			throw new BuildException("There is no libdiffusion in \"" + Prefix + "\": run make install PREFIX=" + ModuleDirectory);

		PublicSystemIncludePaths.Add(Path.Combine(Prefix, "include"));

		if (Target.Platform == UnrealTargetPlatform.Linux)
		{
			PublicAdditionalLibraries.Add(Path.Combine(Libraries, "libdiffusion.so"));
			// By the name that the loader asks for.
			Stage(Path.Combine(Libraries, "libdiffusion.so.0"), "libdiffusion.so.0");
			StageOnnxRuntime(Libraries, "libonnxruntime.so");
		}
		else if (Target.Platform == UnrealTargetPlatform.Mac)
		{
			PublicAdditionalLibraries.Add(Path.Combine(Libraries, "libdiffusion.dylib"));
			Stage(Path.Combine(Libraries, "libdiffusion.0.dylib"), "libdiffusion.0.dylib");
			StageOnnxRuntime(Libraries, "libonnxruntime.dylib");
		}
		else
		{
			PublicAdditionalLibraries.Add(Path.Combine(Libraries, "diffusion.dll.lib"));
			PublicDelayLoadDLLs.Add("diffusion.dll");
			Stage(Path.Combine(Libraries, "diffusion.dll"), "diffusion.dll");
			StageOnnxRuntime(Libraries, "onnxruntime.dll");
		}
	}

	private void Stage(string From, string Name)
	{
		RuntimeDependencies.Add(Path.Combine("$(BinaryOutputDir)", Name), From);
	}

	// The library looks in onnxruntime/ beside itself.
	private void StageOnnxRuntime(string Libraries, string Name)
	{
		foreach (string File in Directory.GetFiles(Path.Combine(Libraries, "onnxruntime"), Name, SearchOption.AllDirectories))
		{
			Stage(File, Path.Combine("onnxruntime", Name));
			return;
		}
		throw new BuildException("There is no " + Name + " in \"" + Libraries + "/onnxruntime\"");
	}
}
