// The component in Unity/ against UnityStubs.cs, frame by frame: UnityTests.exe MODELS_FOLDER EMPTY_FOLDER
using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Threading;
using LibDiffusion;
using LibDiffusion.Unity;
using Unity.Collections;
using Unity.Collections.LowLevel.Unsafe;
using UnityEngine;
using UnityEngine.UI;
using Debug = UnityEngine.Debug;
using Image = LibDiffusion.Image;

internal static class UnityTests
{
    private static int Main(string[] arguments)
    {
        Application.streamingAssetsPath = Path.GetFullPath(arguments[0]);
        Application.persistentDataPath = Path.GetFullPath(arguments[1]);
        Painting();
        Failing();
        TexturesAndBack();
        Console.WriteLine("the component for Unity runs against its stubs");
        return 0;
    }

    private static void That(bool holds, string what)
    {
        if (!holds)
            throw new Exception("not so: " + what + "\n" + string.Join("\n", Debug.Messages));
    }

    private static void Call(object on, string method) =>
        on.GetType().GetMethod(method, BindingFlags.NonPublic | BindingFlags.Instance).Invoke(on, null);

    private static void Set(object on, string field, object value) =>
        on.GetType().GetField(field, BindingFlags.NonPublic | BindingFlags.Instance).SetValue(on, value);

    // Frames until something is so; the longest of them.
    private static TimeSpan Frames(DiffusionPainter painter, Func<bool> until)
    {
        var longest = TimeSpan.Zero;
        for (var frame = 0; !until(); frame++)
        {
            That(frame < 60000, "it comes to an end");
            var clock = System.Diagnostics.Stopwatch.StartNew();
            Call(painter, "Update");
            longest = clock.Elapsed > longest ? clock.Elapsed : longest;
            Thread.Sleep(1);
        }
        return longest;
    }

    private static void Painting()
    {
        var painter = new DiffusionPainter();
        var shown = new RawImage();
        Texture2D finished = null;
        var told = 0f;
        Set(painter, "rawImage", shown);
        Set(painter, "target", new Renderer());
        Set(painter, "seed", 2L);
        Set(painter, "steps", 4);
        painter.onFinished.AddListener(texture => finished = texture);
        painter.onProgress.AddListener(part => told = part);

        Call(painter, "OnEnable");
        That(painter.IsBusy && finished == null, "it draws as soon as the model is open");
        Frames(painter, () => finished != null);
        That(finished.width == 128 && shown.texture == finished && painter.Texture == finished && !painter.IsBusy, "shown");
        That(told == 1, "told of the end");
        using (var pipeline = Pipeline.Open(Path.Combine(Application.streamingAssetsPath, "demo")))
        using (var request = new Request("a red house on the left in a meadow at noon, with trees and the sun") { Seed = 2, Steps = 4 })
        using (var result = pipeline.Generate(request))
            That(finished.Data.SequenceEqual(result.Image.ToBytes(PixelFormat.Rgba8, bottomUp: true)), "the pixels");

        // Previews show in a texture of their own; the next drawing cancels this one.
        var first = finished;
        finished = null;
        var endless = new Request("a boat") { Steps = 1000 };
        endless.SetPreviews("linear");
        painter.Draw(endless);
        Frames(painter, () => shown.texture != first && told > 0 && told < 1);
        var preview = (Texture2D)shown.texture;
        That(preview.width < 128 && preview.Applied > 0, "a small preview");
        painter.Draw("a blue castle 🏰");
        Frames(painter, () => finished != null);
        That(finished == first && shown.texture == first && !first.Destroyed, "the same texture");

        painter.Draw(new Request("a boat") { Steps = 1000 });
        Call(painter, "Update");
        painter.Cancel();
        Frames(painter, () => !painter.IsBusy);
        That(Debug.Messages.Count == 0, "nothing went wrong");

        painter.Draw(new Request("a boat") { Steps = 1000 });
        Call(painter, "Update");
        Call(painter, "OnDisable"); // in the middle
        Call(painter, "OnEnable"); // and again
        finished = null;
        Frames(painter, () => finished != null);
        Call(painter, "OnDisable");
        Call(painter, "OnDestroy");
        That(first.Destroyed && preview.Destroyed, "the textures go with the component");
    }

    private static void Failing()
    {
        var painter = new DiffusionPainter();
        string failed = null;
        painter.onFailed.AddListener(message => failed = message);
        Set(painter, "modelFolder", "none");
        Call(painter, "OnEnable");
        Frames(painter, () => failed != null);
        That(failed.Contains("none") && Debug.Messages.Single().Contains(failed), "the library's sentence");
        Call(painter, "OnDisable");

        Set(painter, "modelFolder", "demo");
        Set(painter, "provider", "abacus");
        Call(painter, "OnEnable");
        That(failed.Contains("abacus"), "what is wrong at once is said at once");
        Set(painter, "provider", "cpu");
        Call(painter, "OnEnable");
        failed = null;
        painter.Draw(new Request("a boat") { Width = 100 });
        Frames(painter, () => failed != null);
        That(failed.Contains("multiple") && !painter.IsBusy, "it goes on after a job that failed");
        Call(painter, "OnDisable");
    }

    private static void TexturesAndBack()
    {
        var pixels = Enumerable.Range(0, 2 * 3 * 4).Select(i => (byte)i).ToArray();
        Texture2D texture = null;
        using (var image = Image.Create(pixels, 2, 3, PixelFormat.Rgba8))
        {
            image.ShowIn(ref texture);
            using (var again = texture.ToImage())
                That(again.ToBytes(PixelFormat.Rgba8).Where((_, i) => i % 4 != 3).SequenceEqual(
                    image.ToBytes(PixelFormat.Rgba8).Where((_, i) => i % 4 != 3)), "there and back");
            var array = new NativeArray<byte>(2 * 3 * 3);
            image.CopyTo(array, PixelFormat.Rgb8);
            unsafe
            {
                var copied = new byte[2 * 3 * 3];
                Marshal.Copy((IntPtr)array.GetUnsafePtr(), copied, 0, copied.Length);
                That(copied.SequenceEqual(image.ToBytes(PixelFormat.Rgb8)), "a NativeArray");
            }
        }
    }
}
