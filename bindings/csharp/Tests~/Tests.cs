// The tests of the C# binding, without a framework: Tests.exe MODELS_FOLDER EMPTY_FOLDER [PART_OF_A_NAME]
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using LibDiffusion;

internal static partial class Tests
{
    private static string models;
    private static string scratch;
    private static Pipeline demo;

    private static int Main(string[] arguments)
    {
        models = arguments[0];
        scratch = arguments[1];
        var tests = new Action[]
        {
            APicture,
            Formats,
            SeveralPictures,
            ImageToImage,
            PixelsFromMemory,
            Emoji,
            Errors,
            ProgressAndPreviews,
            CallbackThrows,
            Cancelling,
            Settings,
            ClassesAndEmbeddings,
            Conditionings,
            Latents,
            Steps,
            EstimatesAndApiBase,
            FilesInMemory,
            FilesThatAreRefused,
            Disposing,
            Forgotten,
            NamesAndLog,
            Jobs,
            JobsThatDoNotFinish,
        };
        if (arguments.Length > 2)
            tests = tests.Where(test => test.Method.Name.Contains(arguments[2])).ToArray();
        var failed = 0;
        using (demo = Pipeline.Open(Path.Combine(models, "demo")))
        {
            foreach (var test in tests)
            {
                try
                {
                    test();
                    Console.WriteLine($"ok    {test.Method.Name}");
                }
                catch (Exception error)
                {
                    failed++;
                    Console.WriteLine($"FAIL  {test.Method.Name}\n{error}");
                }
            }
        }
        Console.WriteLine($"{tests.Length - failed} passed, {failed} failed");
        return failed == 0 ? 0 : 1;
    }

    private static void That(bool holds, string what)
    {
        if (!holds)
            throw new Exception("not so: " + what);
    }

    private static T Throws<T>(Action action, string part = "") where T : Exception
    {
        try
        {
            action();
        }
        catch (T error)
        {
            That(error.Message.Contains(part), $"\"{error.Message}\" has \"{part}\" in it");
            return error;
        }
        throw new Exception($"not so: a {typeof(T).Name} is thrown");
    }

    private static Request House() => new Request("a red house") { Seed = 2, Steps = 2, Width = 64, Height = 64 };

    private static Request Long() => new Request("a house") { Seed = 1, Steps = 1000 };

    private static byte[] Draw(Request request)
    {
        using (request)
        using (var result = demo.Generate(request))
            return result.Image.ToBytes(PixelFormat.Rgb8);
    }

    private static void APicture()
    {
        using (var request = new Request("a red house") { Seed = 2, Steps = 3 })
        using (var result = demo.Generate(request))
        {
            var image = result.Image;
            That(image.Width == 128 && image.Height == 128 && image.Format == PixelFormat.Rgb8, "128 x 128 RGB8");
            That(image.ByteLength == 128 * 128 * 3 && image.Stride == 128 * 3, "no gaps");
            var bytes = new byte[image.ByteLength];
            Marshal.Copy(image.Pixels, bytes, 0, bytes.Length);
            That(bytes.SequenceEqual(image.ToBytes(PixelFormat.Rgb8)), "the same without copying");
            That(bytes.Distinct().Count() > 50, "there is something on it");
            That(result.Seed == 2 && result.SeedOf(0) == 2 && result.Flagged() == null && result.Warnings.Count == 0, "facts");
            That(result.SettingsJson.Contains("\"a red house\"") && image.SettingsJson.Contains("\"steps\":3"), "settings");
            That(result.Elapsed > TimeSpan.Zero && result.TimingsJson.Contains("denoise"), "timings");
            var file = Path.Combine(scratch, "house.png");
            image.Save(file);
            That(File.ReadAllBytes(file).SequenceEqual(image.Encode("png")), "the file is what is encoded");
            using (var read = Image.Open(file))
            using (var decoded = Image.Decode(image.Encode()))
                That(read.ToBytes(PixelFormat.Rgb8).SequenceEqual(bytes) && decoded.ToBytes(PixelFormat.Rgb8).SequenceEqual(bytes), "read again");
        }
        That(Draw(House()).SequenceEqual(Draw(House())), "the same seed is the same picture");
        using (var request = House())
        using (var result = demo.GenerateAsync(request).Result)
            That(result.Image.ToBytes(PixelFormat.Rgb8).SequenceEqual(Draw(House())), "so it is on a thread of the pool");
        That(demo.Family == "stable-diffusion-1" && demo.DefaultWidth == 128 && demo.DefaultHeight == 128, "facts of the model");
        That(demo.DefaultSteps > 0 && demo.DefaultGuidance > 1 && demo.SizeMultiple > 0 && demo.Notes.Count > 0, "more of them");
        That(Library.Schedulers.Contains(demo.DefaultScheduler) && demo.InfoJson.Contains(demo.Family), "and more");
    }

    private static void Formats()
    {
        using (var request = House())
        using (var result = demo.Generate(request))
        {
            var rgb = result.Image.ToBytes(PixelFormat.Rgb8);
            var bgra = result.Image.ToBytes(PixelFormat.Bgra8);
            var upside = result.Image.ToBytes(PixelFormat.Rgba8, bottomUp: true);
            for (var y = 0; y < 64; y++)
                for (var x = 0; x < 64; x++)
                    for (var c = 0; c < 3; c++)
                    {
                        var value = rgb[(y * 64 + x) * 3 + c];
                        That(bgra[(y * 64 + x) * 4 + 2 - c] == value, "blue and red change places");
                        That(upside[((63 - y) * 64 + x) * 4 + c] == value, "the last row comes first");
                    }
            Throws<DiffusionException>(() => result.Image.CopyTo(new byte[5], PixelFormat.Rgb8), "5");
        }
        using (var request = new Request("a red house") { Seed = 2, Steps = 2, Width = 64, Height = 64, Format = PixelFormat.RgbaF32 })
        using (var result = demo.Generate(request))
            That(result.Image.ByteLength == 64 * 64 * 16, "floats");
    }

    private static void SeveralPictures()
    {
        var request = House();
        request.Count = 2;
        request.SeedMode = "one-per-picture";
        var result = demo.Generate(request);
        That(result.Count == 2 && result.ToArray().Length == 2 && result.SeedOf(1) == 3, "two pictures");
        Throws<DiffusionException>(() => result[2].ToString(), "2");
        var second = result[1];
        That(ReferenceEquals(second, result[1]), "the same object");
        var alone = House();
        alone.Seed = 3;
        // Kernels may add up in another order where there are two.
        That(second.ToBytes(PixelFormat.Rgb8).Zip(Draw(alone), (a, b) => Math.Abs(a - b)).Max() <= 1, "drawn again alone");
        second.Dispose();
        Throws<ObjectDisposedException>(() => second.ToBytes(PixelFormat.Rgb8));
        second = result[1];
        That(second.Width == 64, "it can be had again");
        result.Dispose();
        Throws<ObjectDisposedException>(() => result[0].ToString());
        Throws<ObjectDisposedException>(() => second.ToBytes(PixelFormat.Rgb8));
        request.Dispose();
    }

    private static void ImageToImage()
    {
        var pixels = Draw(House());
        using (var start = Image.Create(pixels, 64, 64, PixelFormat.Rgb8))
        {
            That(start.ToBytes(PixelFormat.Rgb8).SequenceEqual(pixels), "pixels come back");
            var changed = Draw(new Request("a blue house") { Seed = 1, Steps = 4, InitImage = start, Strength = 0.5f });
            That(changed.Length == pixels.Length && !changed.SequenceEqual(pixels), "as large, and another");
            var white = Enumerable.Range(0, 64 * 64 * 3).Select(i => (byte)(i / 3 % 64 < 32 ? 0 : 255)).ToArray();
            using (var mask = Image.Create(white, 64, 64, PixelFormat.Rgb8))
            {
                var part = Draw(new Request("a tree")
                {
                    Seed = 1, Steps = 4, InitImage = start, MaskImage = mask, PasteBack = true, Strength = 0.8f,
                });
                for (var y = 0; y < 64; y++)
                    for (var i = 0; i < 30 * 3; i++)
                        That(part[y * 64 * 3 + i] == pixels[y * 64 * 3 + i], "the left half stays");
            }
            using (var larger = start.Extend(32, 0, 0, 0, out var covered))
            using (covered)
                That(larger.Width == 96 && covered.Width == 96 && covered.Height == 64, "a larger canvas");
            using (var request = House())
            using (var first = demo.Generate(request))
                That(Draw(new Request("a blue house") { Seed = 1, Steps = 2, InitResult = first, Strength = 0.5f }).Length == pixels.Length,
                    "from another's latents");
        }
        Throws<DiffusionException>(() => Image.Create(new byte[10], 64, 64, PixelFormat.Rgb8), "10");
        Throws<DiffusionException>(() => Image.Create((byte[])null, 64, 64, PixelFormat.Rgb8));
    }

    private static void PixelsFromMemory()
    {
        // As a NativeArray or a locked bitmap: memory that is not the garbage collector's, with gaps between its rows.
        const int Gap = 7;
        const int Row = 64 * 3 + Gap;
        var memory = Marshal.AllocHGlobal(Row * 64);
        try
        {
            using (var request = House())
            using (var result = demo.Generate(request))
            {
                result.Image.CopyTo(memory, Row * 64, Row, PixelFormat.Rgb8);
                using (var again = Image.Create(memory, Row * 64, 64, 64, Row, PixelFormat.Rgb8))
                    That(again.ToBytes(PixelFormat.Rgb8).SequenceEqual(result.Image.ToBytes(PixelFormat.Rgb8)), "there and back");
            }
        }
        finally
        {
            Marshal.FreeHGlobal(memory);
        }
    }

    private static void Emoji()
    {
        var request = House();
        request.Prompt = "🏠 赤い家";
        request.NegativePrompt = "🌙";
        using (request)
        using (var result = demo.Generate(request))
        {
            That(result.SettingsJson.Contains("🏠 赤い家") && result.SettingsJson.Contains("🌙"), result.SettingsJson);
            var file = Path.Combine(scratch, "Häuschen 🏠.png");
            result.Image.Save(file);
            That(File.Exists(file), "a file of that name");
            using (var read = Image.Open(file))
                That(read.Width == 64, "read again");
        }
        Throws<DiffusionException>(() => Pipeline.Open("no such 📁"), "no such 📁");
        Throws<ArgumentException>(() => new Request("half a pair: \ud83c"));
    }

    private static void Errors()
    {
        using (var request = new Request())
        {
            var error = Throws<DiffusionException>(() => request.Steps = 5000, "1000");
            That(error.Status == Status.InvalidArgument && error.Message.Contains("steps"), "the field and its limits");
            Throws<DiffusionException>(() => request.Guidance = float.NaN, "guidance");
            request.Strength = 0.5f;
            Throws<DiffusionException>(request.Validate, "strength");
            request.Reset();
            request.Validate();
            request.Width = 100;
            Throws<DiffusionException>(() => demo.Generate(request), "multiple");
        }
        That(Throws<DiffusionException>(() => Pipeline.Open("no such folder")).Status == Status.Io, "a status of its own");
        using (var options = new PipelineOptions())
            Throws<DiffusionException>(() => options.Provider = "abacus", "cpu");
    }

    private static void ProgressAndPreviews()
    {
        var begun = new List<Phase>();
        var previews = 0;
        Image kept = null;
        using (var request = House())
        {
            request.SetPreviews("linear");
            demo.Generate(request, progress =>
            {
                if (progress.Step == 0)
                    begun.Add(progress.Phase);
                if (progress.Preview == null)
                    return;
                previews++;
                kept = progress.Preview;
                That(kept.ToBytes(PixelFormat.Rgb8).Length > 0 && progress.PhaseName == "denoising", "a preview");
            }).Dispose();
        }
        That(begun.SequenceEqual(new[] { Phase.EncodingText, Phase.Denoising, Phase.Decoding }), string.Join(" ", begun));
        That(previews > 0, "there are previews");
        Throws<ObjectDisposedException>(() => kept.ToBytes(PixelFormat.Rgb8));
        var opening = 0;
        Pipeline.Open(Path.Combine(models, "demo"), null, progress => opening++).Dispose();
        That(opening > 1, "opening reports too");
    }

    private static void CallbackThrows()
    {
        using (var request = Long())
        {
            Throws<KeyNotFoundException>(() => demo.Generate(request, progress => throw new KeyNotFoundException("mine")), "mine");
            // Generating in a callback is refused, and its exception comes out here.
            var busy = Throws<DiffusionException>(() => demo.Generate(request, progress => demo.Generate(request)));
            That(busy.Status == Status.Busy, "busy");
        }
        That(Draw(House()).Length > 0, "the pipeline stays usable");
    }

    private static void Cancelling()
    {
        using (var request = Long())
        using (var source = new CancellationTokenSource())
        {
            Throws<OperationCanceledException>(() => demo.Generate(request, progress =>
            {
                if (progress.Phase == Phase.Denoising)
                    source.Cancel();
            }, source.Token));
            Throws<OperationCanceledException>(() => demo.Generate(request, null, source.Token));
            Throws<OperationCanceledException>(() => Pipeline.Open(Path.Combine(models, "demo"), null, null, source.Token));
        }
        using (var request = Long())
        using (var source = new CancellationTokenSource())
        {
            var task = demo.GenerateAsync(request, null, source.Token);
            source.CancelAfter(50);
            var error = Throws<AggregateException>(() => task.Wait());
            That(error.InnerException is OperationCanceledException, "the task is cancelled");
        }
    }

    private static void Settings()
    {
        var plain = Draw(House());
        var request = House();
        request.SetGuidancePoints(new[] { 0f, 1f }, new[] { 7f, 3f });
        That(!Draw(request).SequenceEqual(plain), "other scales of guidance");
        request = House();
        request.CustomSigmas = new[] { 14.6, 7.0, 0.0 };
        request.Scheduler = "euler";
        request.Steps = 2;
        Draw(request);
        request = House();
        request.SetVariation(3, 0.5f);
        That(!Draw(request).SequenceEqual(plain), "a variation");
        using (request = House())
        {
            Throws<ArgumentException>(() => request.SetGuidancePoints(new[] { 0f }, new[] { 7f, 3f }), "1 and 2");
            Throws<DiffusionException>(() => request.SetPicture("", null));
            Throws<DiffusionException>(() => request.AddConditionPicture("controlnet", null), "NULL");
            using (var image = Image.Create(new byte[12], 2, 2, PixelFormat.Rgb8))
                request.AddConditionPicture("controlnet", image, 0.5f);
            Throws<DiffusionException>(() => demo.Generate(request), "controlnet");
            request.ClearConditionPictures();
            request.Prompt = null; // the default
            request.InitImage = null;
            demo.Generate(request).Dispose();
        }
        using (var options = new PipelineOptions { Provider = "cpu", Memory = "low", Threads = 1, Preparation = true })
        {
            options.SetProviderOption("openvino.device_type", "CPU");
            options.AddConditionGraph("none.onnx");
            Throws<DiffusionException>(() => Pipeline.Open(Path.Combine(models, "demo"), options));
        }
    }

    private static void ClassesAndEmbeddings()
    {
        using (var classes = Pipeline.Open(Path.Combine(models, "classes")))
        using (var request = new Request { ClassName = classes.ClassNames[3], Seed = 1, Steps = 2 })
        using (var same = new Request { Class = 3, Seed = 1, Steps = 2 })
        using (var result = classes.Generate(request))
        using (var other = classes.Generate(same))
            That(result.Image.ToBytes(PixelFormat.Rgb8).SequenceEqual(other.Image.ToBytes(PixelFormat.Rgb8)), "by name as by number");
        using (var one = Embedding.Create(new float[] { 1, 0, 0, 2 }, 2, 2))
        using (var other = Embedding.Create(new float[] { 0, 1, 2, 0 }, 2, 2))
        using (var between = one.Lerp(other, 0.25f))
        using (var mixed = one.Mixed(2, other, 1))
        using (var turned = one.Turned(one.Difference(other), 0.5f))
        using (var arc = one.Slerp(other, 0.5f))
        {
            That(between.ToArray().SequenceEqual(new[] { 0.75f, 0.25f, 0.5f, 1.5f }), "a straight line");
            That(mixed.ToArray().SequenceEqual(new[] { 2f, 1f, 2f, 4f }), "a sum");
            That(turned.Shape.SequenceEqual(new long[] { 2, 2 }) && Math.Abs(arc.ToArray()[0] - 0.70710678f) < 1e-5, "an arc");
            using (var request = House())
                request.SetEmbedding("x_T", one);
        }
    }

    private static void Disposing()
    {
        var pipeline = Pipeline.Open(Path.Combine(models, "demo"));
        var request = House();
        var result = pipeline.Generate(request);
        pipeline.Dispose();
        pipeline.Dispose();
        request.Dispose();
        That(result.Image.Width == 64, "the result needs neither");
        Throws<ObjectDisposedException>(() => pipeline.Generate(House()));
        Throws<ObjectDisposedException>(() => request.Steps = 2);
        result.Dispose();
        // Closed in the middle: the call that is running keeps it.
        pipeline = Pipeline.Open(Path.Combine(models, "demo"));
        using (request = House())
        using (result = pipeline.Generate(request, progress => pipeline.Dispose()))
            That(result.Image.Width == 64, "drawn to its end");
    }

    private static void Forgotten()
    {
        for (var round = 0; round < 20; round++)
        {
            var request = House();
            request.InitImage = Image.Create(new byte[64 * 64 * 3], 64, 64, PixelFormat.Rgb8);
            request.Strength = 1;
            request.Steps = 1;
            if (round % 10 == 0)
                demo.Generate(request)[0].ToBytes(PixelFormat.Rgb8);
            GC.Collect();
        }
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }

    private static void NamesAndLog()
    {
        That(Library.Version.Split('.').Length == 3, Library.Version);
        That(Library.Schedulers.Contains("euler") && Library.Providers.Contains("cpu"), "names");
        foreach (var names in new[] {
            Library.SigmaSchedules, Library.Rngs, Library.SeedModes, Library.PromptSyntaxes, Library.SeamlessWays,
            Library.Tilings, Library.Safeties, Library.Upscales, Library.Precisions, Library.Fallbacks, Library.MemoryModes,
            Library.PreviewModes })
            That(names.Count > 0 && names.Distinct().Count() == names.Count, string.Join(" ", names));
        That(Library.RuntimeInfoJson.Contains("version"), "ONNX Runtime");
        var messages = 0;
        Library.SetLog((level, part, message) => Interlocked.Increment(ref messages), LogLevel.Debug);
        Pipeline.Open(Path.Combine(models, "demo")).Dispose();
        Library.SetLog((level, part, message) => throw new Exception("must not go through C"), LogLevel.Debug);
        Pipeline.Open(Path.Combine(models, "demo")).Dispose();
        Library.SetLog(null);
        That(messages > 0, "messages");
    }

    private static void Jobs()
    {
        using (var opening = Pipeline.StartOpen(Path.Combine(models, "demo")))
        {
            opening.Wait();
            using (var pipeline = opening.Take())
            using (var request = House())
            using (var job = pipeline.Start(request))
            {
                while (!job.IsDone) // once a frame
                {
                    var progress = job.Progress;
                    That(progress.Step <= progress.Steps && job.QueuePosition == 0, "progress");
                    Thread.Sleep(1);
                }
                That(job.State == JobState.Finished && job.Error == "" && job.Elapsed > TimeSpan.Zero, "finished");
                using (var result = job.Take())
                    That(result.Image.ToBytes(PixelFormat.Rgb8).SequenceEqual(Draw(House())), "what Generate() draws");
                Throws<DiffusionException>(() => job.Take(), "taken");
            }
        }
    }

    private static void JobsThatDoNotFinish()
    {
        using (var request = Long())
        {
            request.SetPreviews("linear");
            using (var job = demo.Start(request))
            using (var waiting = demo.Start(House()))
            {
                That(!job.Wait(TimeSpan.FromMilliseconds(1)) && !job.IsDone, "it takes longer");
                That(Throws<DiffusionException>(() => job.Take()).Status == Status.Busy, "not yet");
                while (job.PreviewNumber == 0)
                    Thread.Sleep(1);
                using (var preview = job.Preview())
                    That(preview.ToBytes(PixelFormat.Rgba8).Length > 0, "a preview");
                That(waiting.State == JobState.Queued && waiting.Preview() == null && waiting.Progress.Phase == (Phase)(-1), "it waits");
                job.Cancel();
                job.Wait();
                That(job.State == JobState.Cancelled && job.Error != "", "cancelled");
                Throws<OperationCanceledException>(() => job.Take());
                waiting.Wait();
                waiting.Take().Dispose();
            }
            request.SetPreviews(null);
            request.Width = 100;
            using (var job = demo.Start(request))
            {
                job.Wait();
                That(job.State == JobState.Failed && job.Error.Contains("multiple"), "failed");
                Throws<DiffusionException>(() => job.Take(), job.Error);
            }
        }
        using (var options = new PipelineOptions { JobQueue = 0 })
        using (var pipeline = Pipeline.Open(Path.Combine(models, "demo"), options))
        using (var request = Long())
        using (pipeline.Start(request))
            That(Throws<DiffusionException>(() => pipeline.Start(request)).Status == Status.Busy, "the queue is full");
        using (var job = Pipeline.StartOpen("no such folder"))
        {
            job.Wait();
            Throws<DiffusionException>(() => job.Take(), "no such folder");
        }
        demo.Start(Long()); // forgotten: cancelled when it is collected
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }
}
