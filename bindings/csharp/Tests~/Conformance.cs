// Draws the cases of bindings/conformance.json; see bindings/conformance.py.
using System;
using System.Globalization;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using LibDiffusion;

internal static class Conformance
{
    private static int Main(string[] arguments)
    {
        using (var pipeline = Pipeline.Open(arguments[0]))
        using (var sha256 = SHA256.Create())
        {
            foreach (var line in File.ReadAllLines(arguments[1], new UTF8Encoding(false)))
            {
                var field = line.Split('\t');
                using (var request = new Request(field[1])
                {
                    NegativePrompt = field[2],
                    Seed = ulong.Parse(field[3], CultureInfo.InvariantCulture),
                    Steps = long.Parse(field[4], CultureInfo.InvariantCulture),
                    Width = long.Parse(field[5], CultureInfo.InvariantCulture),
                    Height = long.Parse(field[6], CultureInfo.InvariantCulture),
                    Guidance = float.Parse(field[7], CultureInfo.InvariantCulture),
                    Scheduler = field[8],
                })
                using (var result = pipeline.Generate(request))
                {
                    var hash = sha256.ComputeHash(result.Image.ToBytes(PixelFormat.Rgb8));
                    Console.WriteLine($"{field[0]} {BitConverter.ToString(hash).Replace("-", "").ToLowerInvariant()}");
                }
            }
        }
        return 0;
    }
}
