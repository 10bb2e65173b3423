// Text in, picture out: Hello.exe MODEL_FOLDER PROMPT FILE.png
using System;
using LibDiffusion;

internal static class Hello
{
    private static int Main(string[] arguments)
    {
        if (arguments.Length != 3)
        {
            Console.Error.WriteLine("usage: Hello MODEL_FOLDER PROMPT FILE.png");
            return 2;
        }
        try
        {
            using (var pipeline = Pipeline.Open(arguments[0]))
            using (var request = new Request(arguments[1]) { Seed = 42 })
            using (var result = pipeline.Generate(request, progress => Console.Error.WriteLine(progress)))
            {
                result.Image.Save(arguments[2]);
                Console.WriteLine($"{arguments[2]}: {result.Image.Width} x {result.Image.Height} pixels");
            }
            return 0;
        }
        catch (DiffusionException error)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
    }
}
