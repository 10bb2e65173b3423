// As much of Unity as the component in Unity/ uses, so that it is compiled and run here, where there is no Unity.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace UnityEngine
{
    public class Object
    {
        public string name;
        public bool Destroyed { get; private set; }
        public static void Destroy(Object one) => one.Destroyed = true;
    }

    public class Component : Object { }

    public class MonoBehaviour : Component { }

    [AttributeUsage(AttributeTargets.Field)] public sealed class HeaderAttribute : Attribute { public HeaderAttribute(string header) { } }
    [AttributeUsage(AttributeTargets.Field)] public sealed class TooltipAttribute : Attribute { public TooltipAttribute(string text) { } }
    [AttributeUsage(AttributeTargets.Field)] public sealed class TextAreaAttribute : Attribute { }
    [AttributeUsage(AttributeTargets.Field)] public sealed class RangeAttribute : Attribute { public RangeAttribute(float low, float high) { } }
    [AttributeUsage(AttributeTargets.Field)] public sealed class SerializeFieldAttribute : Attribute { }

    public static class Application
    {
        public static string streamingAssetsPath;
        public static string persistentDataPath;
    }

    public static class Debug
    {
        public static readonly List<string> Messages = new List<string>();
        public static void LogError(object message, Object context) => Messages.Add(message.ToString());
        public static void LogWarning(object message, Object context) => Messages.Add(message.ToString());
    }

    public enum TextureFormat { RGBA32 = 4 }
    public enum TextureWrapMode { Repeat, Clamp }
    public class Texture : Object { public TextureWrapMode wrapMode; }
    public struct Color32 { public byte r, g, b, a; }

    public class Texture2D : Texture
    {
        public readonly int width, height;
        public readonly TextureFormat format;
        public byte[] Data;
        public int Applied;

        public Texture2D(int width, int height, TextureFormat format, bool mipChain)
        {
            this.width = width;
            this.height = height;
            this.format = format;
        }

        public void LoadRawTextureData(byte[] data)
        {
            if (data.Length != width * height * 4)
                throw new ArgumentException("not enough or too much data");
            Data = data;
        }

        public void Apply(bool updateMipmaps) => Applied++;

        public Color32[] GetPixels32()
        {
            var pixels = new Color32[width * height];
            for (var i = 0; i < pixels.Length; i++)
                pixels[i] = new Color32 { r = Data[i * 4], g = Data[i * 4 + 1], b = Data[i * 4 + 2], a = Data[i * 4 + 3] };
            return pixels;
        }
    }

    public class Material { public Texture mainTexture; }
    public class Renderer : Component { public readonly Material material = new Material(); }
}

namespace UnityEngine.UI
{
    public class RawImage : Component { public Texture texture; }

    // Unity has an Image too; the component must mean libdiffusion's.
    public class Image : Component { }
}

namespace UnityEngine.Events
{
    public class UnityEvent<T>
    {
        private Action<T> heard;
        public void AddListener(Action<T> listener) => heard += listener;
        public void Invoke(T value) => heard?.Invoke(value);
    }
}

namespace Unity.Collections
{
    public struct NativeArray<T>
    {
        internal IntPtr Memory;
        public int Length { get; }
        public NativeArray(int length)
        {
            Memory = Marshal.AllocHGlobal(length);
            Length = length;
        }
    }
}

namespace Unity.Collections.LowLevel.Unsafe
{
    public static class NativeArrayUnsafeUtility
    {
        public static unsafe void* GetUnsafePtr<T>(this NativeArray<T> array) => (void*)array.Memory;
    }
}
