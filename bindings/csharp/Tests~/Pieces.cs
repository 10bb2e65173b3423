// The pieces of a generation: prompts that are read once, latents in and out, a loop of one's own, an estimate.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using LibDiffusion;

internal static partial class Tests
{
    private static byte[] Pixels(Result result)
    {
        using (result)
            return result.Image.ToBytes(PixelFormat.Rgb8);
    }

    /// <summary>A house without a bad side, whose prompts are text or what was read of them.</summary>
    private static Request Sharp(Conditioning conditioning = null, ulong seed = 2)
    {
        var request = House();
        request.Seed = seed;
        request.Guidance = 4;
        request.Prompt = conditioning == null ? "a red house" : null;
        request.NegativePrompt = conditioning == null ? "blurry" : null;
        request.Conditioning = conditioning;
        return request;
    }

    private static Conditioning Read(string prompt)
    {
        using (var request = Sharp())
        {
            request.Prompt = prompt;
            return demo.EncodePrompt(request);
        }
    }

    private static void Conditionings()
    {
        var whole = Draw(Sharp());
        Request request;
        using (var read = Read("a red house"))
        {
            var texts = read.Texts;
            That(texts.Count == 2 && texts.All(text => text.Encoder == "text_encoder"), "each text once");
            That(texts.All(text => text.IsNegative == (text.Text == "blurry")), "the bad side is known");
            request = Sharp(read);
        }
        That(Draw(request).SequenceEqual(whole), "the request keeps what it needs");

        using (var read = Read("a red house"))
        using (var snow = Read("a tree in the snow"))
        {
            That(!Draw(Sharp(read, 3)).SequenceEqual(whole), "for another picture too");
            var index = read.Texts.ToList().FindIndex(text => !text.IsNegative);
            using (var states = read.GetStates(index))
            using (var others = snow.GetStates(index))
            using (var between = states.Lerp(others, 0.5f))
            using (var same = read.WithStates(index, states))
            using (var mixed = read.WithStates(index, between))
            using (var vector = Embedding.Create(new float[] { 1 }, 1, 1))
            {
                That(states.Shape.Length == 2, "tokens and width");
                That(Draw(Sharp(same)).SequenceEqual(whole), "the same states");
                That(!Draw(Sharp(mixed)).SequenceEqual(whole), "a mix of two prompts");
                Throws<DiffusionException>(() => read.WithStates(index, vector), "shape");
            }
            Throws<DiffusionException>(() => read.GetStates(9), "no text 9");
            try
            {
                read.GetPooled(index).Dispose();
            }
            catch (DiffusionException error) // not every encoder gives one
            {
                That(error.Status == Status.Unsupported, error.Message);
            }
            using (var both = Sharp(read))
            using (var other = Pipeline.Open(Path.Combine(models, "demo")))
            {
                Throws<DiffusionException>(() => other.Generate(both), "another pipeline");
                both.Prompt = "a house";
                Throws<DiffusionException>(both.Validate, "leave one");
                Throws<TimeoutException>(() => demo.EncodePrompt(House(), progress => throw new TimeoutException()));
            }
        }
    }

    private static void Latents()
    {
        using (var request = House())
        using (var result = demo.Generate(request))
        using (var latents = result.GetLatents())
        using (var decoded = demo.DecodeLatents(latents))
        using (var floats = demo.DecodeLatents(latents, 0, PixelFormat.RgbaF32))
        using (var encoded = demo.EncodeImage(result.Image))
        using (var again = House())
        using (var cancelled = new CancellationTokenSource())
        {
            That(decoded.ToBytes(PixelFormat.Rgb8).SequenceEqual(result.Image.ToBytes(PixelFormat.Rgb8)), "the same picture");
            That(floats.Format == PixelFormat.RgbaF32 && latents.Shape.Length == 4, "as asked");
            That(encoded.Shape.SequenceEqual(latents.Shape), "and back");
            Throws<DiffusionException>(() => demo.DecodeLatents(latents, 1), "there are 1");
            using (var odd = Image.Create(new byte[64 * 33 * 3], 33, 64, PixelFormat.Rgb8))
                Throws<DiffusionException>(() => demo.EncodeImage(odd), "width is 33");
            cancelled.Cancel();
            Throws<OperationCanceledException>(() => demo.DecodeLatents(latents, 0, PixelFormat.Rgb8, cancelled.Token));
            Throws<OperationCanceledException>(() => demo.EncodeImage(result.Image, cancelled.Token));

            again.Strength = 0.5f;
            again.InitResult = result;
            var wanted = Pixels(demo.Generate(again));
            again.InitResult = null;
            again.InitLatents = latents;
            That(Pixels(demo.Generate(again)).SequenceEqual(wanted), "to start from");
        }
    }

    private static void Steps()
    {
        var whole = Draw(Sharp());
        Stepper stepper;
        using (var pipeline = Pipeline.Open(Path.Combine(models, "demo")))
        using (var request = Sharp())
            stepper = pipeline.Begin(request);
        using (stepper) // needs neither
        {
            var reports = 0;
            That(stepper.Step == 0 && stepper.Timestep >= 0 && stepper.GetCleanLatents() == null, "begun");
            foreach (var step in stepper.Steps(progress => reports++))
            {
                That(step == stepper.Step && reports == step, "one after the other");
                using (var latents = stepper.GetLatents())
                using (var clean = stepper.GetCleanLatents())
                {
                    stepper.SetLatents(latents); // the host's hands change nothing
                    if (step < stepper.StepCount)
                        demo.DecodeLatents(clean).Dispose();
                }
            }
            That(stepper.Step == stepper.StepCount && stepper.Timestep == null, "all are made");
            Throws<DiffusionException>(() => stepper.Advance(), "all");
            That(Pixels(stepper.Finish()).SequenceEqual(whole) && Pixels(stepper.Finish()).SequenceEqual(whole), "as in one go");
        }
        Throws<ObjectDisposedException>(() => stepper.Advance());

        using (var request = Sharp())
        using (stepper = demo.Begin(request))
        using (var cancelled = new CancellationTokenSource())
        using (var vector = Embedding.Create(new float[] { 1 }, 1, 1))
        {
            cancelled.Cancel();
            Throws<OperationCanceledException>(() => stepper.Advance(null, cancelled.Token));
            That(stepper.Step == 0, "it can be made again");
            Throws<TimeoutException>(() => stepper.Advance(progress => throw new TimeoutException()));
            That(stepper.Step == 1, "the callback has seen it made");
            Throws<DiffusionException>(() => stepper.SetLatents(vector), "shape");
            var busy = Throws<DiffusionException>(() => stepper.Advance(progress => stepper.GetLatents()), "in use");
            That(busy.Status == Status.Busy, "not out of the callback");
            That(Pixels(stepper.Finish()).SequenceEqual(whole), "also after all that");
            using (var latents = stepper.GetLatents())
            using (var darker = latents.Mixed(0.5f, latents, 0))
                stepper.SetLatents(darker);
            That(!Pixels(stepper.Finish()).SequenceEqual(whole), "other latents, another picture");
        }
        using (var request = Sharp())
        {
            request.HiresScale = 2;
            Throws<DiffusionException>(() => demo.Begin(request), "second pass");
        }
        using (var request = Sharp())
        using (stepper = demo.Begin(request))
            stepper.Advance(progress => stepper.Dispose()); // the call that is running keeps it
    }

    /// <summary>The demo model's files, each read when it is asked for.</summary>
    private static IEnumerable<KeyValuePair<string, byte[]>> Read()
    {
        var folder = Path.Combine(models, "demo");
        foreach (var file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
            yield return new KeyValuePair<string, byte[]>(
                file.Substring(folder.Length + 1).Replace('\\', '/'), File.ReadAllBytes(file));
    }

    private static void FilesInMemory()
    {
        var whole = Draw(House());
        var phases = new HashSet<Phase>();
        var files = Read().ToDictionary(file => file.Key, file => file.Value);
        using (var options = new PipelineOptions { Threads = 2 })
        using (var request = House())
        using (var pipeline = Pipeline.OpenFiles(files, options, progress => phases.Add(progress.Phase)))
        {
            foreach (var bytes in files.Values)
                Array.Clear(bytes, 0, bytes.Length); // they are copied
            That(pipeline.InfoJson.Contains("memory:") && phases.Single() == Phase.Opening, "from memory");
            That(Pixels(pipeline.Generate(request)).SequenceEqual(whole), "what the folder draws");
        }
        using (var job = Pipeline.StartOpenFiles(Read()))
        using (var request = House())
        {
            job.Wait();
            using (var pipeline = job.Take())
                That(Pixels(pipeline.Generate(request)).SequenceEqual(whole), "also as a job");
        }
    }

    private static void FilesThatAreRefused()
    {
        foreach (var name in new[] { null, "", "/a", "../a", "unet\\model.onnx", "a\0b", "unet/model.onnx" })
        {
            var files = Read().Concat(new[] { new KeyValuePair<string, byte[]>(name, new byte[1]) });
            var error = Throws<DiffusionException>(() => Pipeline.OpenFiles(files), "model file");
            That(error.Status == Status.InvalidArgument, error.Message);
        }
        var missing = Read().Where(file => file.Key != "unet/model.onnx");
        That(Throws<DiffusionException>(() => Pipeline.OpenFiles(missing)).Status == Status.BadModel, "a file is missing");
        Throws<ArgumentException>(() => Pipeline.OpenFiles(new Dictionary<string, byte[]> { ["a"] = null }), "\"a\"");
        Throws<TimeoutException>(() => Pipeline.OpenFiles(Read(), null, progress => throw new TimeoutException()));
        using (var job = Pipeline.StartOpenFiles(new Dictionary<string, byte[]> { ["empty"] = new byte[0] }))
        {
            job.Wait();
            That(Throws<DiffusionException>(() => job.Take(), job.Error).Status == Status.BadModel, "no model");
        }
    }

    [DllImport("libdl.so.2")]
    private static extern IntPtr dlopen(string file, int flags);

    [DllImport("libdl.so.2")]
    private static extern IntPtr dlsym(IntPtr library, string name);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate IntPtr GetApiBase();

    private static void EstimatesAndApiBase()
    {
        var folder = Path.Combine(models, "demo");
        var estimate = Library.EstimateMemory(folder);
        That(estimate.Opening > estimate.Open && estimate.Open > 1000000, "bytes");
        using (var options = new PipelineOptions { Memory = "low" })
            That(Library.EstimateMemory(folder, options).Open < estimate.Open, "by the options");
        Throws<DiffusionException>(() => Library.EstimateMemory("no such"), "no such");
        That(Throws<DiffusionException>(() => Library.UseApiBase(IntPtr.Zero)).Status == Status.NullPointer, "nothing");
        var place = Library.RuntimeInfoJson.Split(new[] { "\"library\":\"" }, StringSplitOptions.None)[1].Split('"')[0];
        IntPtr function;
        try
        {
            function = dlsym(dlopen(place, 1), "OrtGetApiBase");
        }
        catch (DllNotFoundException) // other systems have the loader's functions elsewhere
        {
            return;
        }
        var get = (GetApiBase)Marshal.GetDelegateForFunctionPointer(function, typeof(GetApiBase));
        Library.UseApiBase(get()); // the one that is loaded may be given again
    }
}
