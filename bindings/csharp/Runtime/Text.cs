using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

namespace LibDiffusion
{
    /// <summary>Texts cross as bytes of UTF-8, so that every character survives on every system.</summary>
    internal static class Text
    {
        // Throws at half a surrogate pair, which is no text, where the default would draw a question mark.
        private static readonly UTF8Encoding Utf8 = new UTF8Encoding(false, true);

        internal static byte[] Bytes(string text) => string.IsNullOrEmpty(text) ? null : Utf8.GetBytes(text);

        internal static UIntPtr Length(byte[] bytes) => bytes == null ? UIntPtr.Zero : (UIntPtr)bytes.Length;

        /// <summary>A text of the library, which ends with NUL; null for NULL.</summary>
        internal static string From(IntPtr pointer)
        {
            if (pointer == IntPtr.Zero)
                return null;
            var length = 0;
            while (Marshal.ReadByte(pointer, length) != 0)
                length++;
            var bytes = new byte[length];
            Marshal.Copy(pointer, bytes, 0, length);
            return Encoding.UTF8.GetString(bytes);
        }

        /// <summary>A list of the library, whose end is NULL or an empty text.</summary>
        internal static IReadOnlyList<string> List(Func<long, IntPtr> at)
        {
            var found = new List<string>();
            for (;;)
            {
                var one = From(at(found.Count));
                if (string.IsNullOrEmpty(one))
                    return found;
                found.Add(one);
            }
        }
    }

    internal static class Arrays
    {
        internal static UIntPtr Count(Array numbers) => numbers == null ? UIntPtr.Zero : (UIntPtr)numbers.Length;

        internal static UIntPtr Count(Array numbers, Array others)
        {
            if (Count(numbers) != Count(others))
                throw new ArgumentException($"there are {Count(numbers)} and {Count(others)} numbers; there must be as many of both");
            return Count(numbers);
        }
    }
}
