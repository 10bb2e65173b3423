using System;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace LibDiffusion
{
    /// <summary>How far the work is. A phase reports first with Step 0 and last with Step equal to Steps.</summary>
    public struct Progress
    {
        public Phase Phase;
        public int Step;
        public int Steps;

        /// <summary>
        /// Where the request asks for previews, a picture of what is not finished yet, otherwise null. It lives until the
        /// callback returns.
        /// </summary>
        public Image Preview;

        /// <summary>Which picture of the request the preview is of.</summary>
        public int PreviewIndex;

        /// <summary>From 0 to 1, within the phase.</summary>
        public float Fraction => Steps > 0 ? (float)Step / Steps : 0;

        /// <summary>A word for people, such as "denoising".</summary>
        public string PhaseName => Text.From(Native.diffusion_phase_name((int)Phase));

        public override string ToString() => $"{PhaseName} {Step}/{Steps}";
    }

    /// <summary>
    /// A callback and a CancellationToken as C knows them, for one call. C calls a static method, as ahead-of-time compilers
    /// (IL2CPP) need, which finds this by a GCHandle. An exception of the callback stops the work and goes on behind it.
    /// </summary>
    internal sealed class Watch : IDisposable
    {
        private static readonly ProgressCallback Static = Report;

        private readonly Action<Progress> callback;
        private readonly CancelTokenHandle token;
        private readonly CancellationTokenRegistration registration;
        private GCHandle self;
        private ExceptionDispatchInfo error;

        internal Watch(Action<Progress> callback, CancellationToken cancellation)
        {
            this.callback = callback;
            if (cancellation.CanBeCanceled)
            {
                DiffusionException.Check(Native.diffusion_cancel_token_create(out token));
                var cancelled = token;
                registration = cancellation.Register(() => Native.diffusion_cancel_token_cancel(cancelled));
            }
            self = GCHandle.Alloc(this);
        }

        internal CancelTokenHandle Token => token ?? CancelTokenHandle.Null;

        internal ProgressCallback Callback => callback == null ? null : Static;

        internal IntPtr UserData => GCHandle.ToIntPtr(self);

        /// <summary>Throws the callback's exception, or what the call came to.</summary>
        internal void Check(Status status)
        {
            // First, because the callback's exception may have been thrown on the way.
            var failure = status == Status.Ok ? null : DiffusionException.Of(status, Text.From(Native.diffusion_last_error_message()));
            error?.Throw();
            if (failure != null)
                throw failure;
        }

        [AOT.MonoPInvokeCallback(typeof(ProgressCallback))]
        private static int Report(IntPtr progress, IntPtr userData)
        {
            Watch watch = null;
            try
            {
                watch = (Watch)GCHandle.FromIntPtr(userData).Target;
                return watch.Tell((NativeProgress)Marshal.PtrToStructure(progress, typeof(NativeProgress)));
            }
            catch (Exception thrown) // must not go through C
            {
                if (watch != null)
                    watch.error = ExceptionDispatchInfo.Capture(thrown);
                return 1;
            }
        }

        private int Tell(NativeProgress report)
        {
            var preview = report.preview == IntPtr.Zero ? null : Image.Borrowed(report.preview, null);
            using (preview)
            {
                callback(new Progress
                {
                    Phase = (Phase)report.phase,
                    Step = (int)report.step,
                    Steps = (int)report.steps,
                    Preview = preview,
                    PreviewIndex = (int)report.preview_index,
                });
            }
            return 0;
        }

        public void Dispose()
        {
            registration.Dispose(); // waits for a cancel that is on its way
            token?.Dispose();
            self.Free();
        }
    }
}

#if !UNITY_5_3_OR_NEWER
namespace AOT
{
    /// <summary>Unity's attribute, by which IL2CPP knows what C calls; it means nothing elsewhere.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class MonoPInvokeCallbackAttribute : Attribute
    {
        internal MonoPInvokeCallbackAttribute(Type type) { }
    }
}
#endif
