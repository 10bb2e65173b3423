using System;

namespace LibDiffusion
{
    /// <summary>
    /// Work on a thread of the library, which tells nothing by itself: look at it once a frame, from any thread, or wait.
    /// It needs neither request nor pipeline any more.
    /// <code>
    /// if (job.IsDone) { using (var result = job.Take()) Show(result.Image); } else Show(job.Progress);
    /// </code>
    /// Dispose of it when it is done, or to cancel it.
    /// </summary>
    public sealed class Job<T> : IDisposable
    {
        private readonly JobHandle handle;
        private readonly Func<JobHandle, T> take;

        internal Job(JobHandle handle, Func<JobHandle, T> take)
        {
            this.handle = handle;
            this.take = take;
        }

        /// <summary>Where it is on its way; never waits.</summary>
        public JobState State => (JobState)Native.diffusion_job_poll(handle);

        /// <summary>Whether it is finished, failed or cancelled.</summary>
        public bool IsDone => Done(State);

        private static bool Done(JobState state) =>
            state == JobState.Finished || state == JobState.Failed || state == JobState.Cancelled;

        /// <summary>Waits until it is done; false where that takes longer.</summary>
        public bool Wait(TimeSpan timeout) => Wait((long)Math.Max(0, timeout.TotalMilliseconds));

        /// <summary>Waits until it is done.</summary>
        public void Wait() => Wait(-1);

        private bool Wait(long milliseconds)
        {
            DiffusionException.Check(Native.diffusion_job_wait(handle, milliseconds, out var state));
            return Done((JobState)state);
        }

        /// <summary>
        /// What it made, which is then the caller's, once. Throws why it failed, OperationCanceledException where it was
        /// cancelled, and a DiffusionException of Status.Busy where it is not done.
        /// </summary>
        public T Take() => take(handle);

        /// <summary>Stops it as soon as can be, in the middle of a graph too. Any thread; never waits.</summary>
        public void Cancel() => DiffusionException.Check(Native.diffusion_job_cancel(handle));

        /// <summary>How far it is; its Phase is -1 before the first report. Previews come by Preview().</summary>
        public Progress Progress
        {
            get
            {
                DiffusionException.Check(Native.diffusion_job_progress(handle, out var phase, out var step, out var steps));
                return new Progress { Phase = (Phase)phase, Step = (int)step, Steps = (int)steps };
            }
        }

        /// <summary>How many jobs of the pipeline come before it.</summary>
        public int QueuePosition => (int)Native.diffusion_job_queue_position(handle);

        /// <summary>For how long it has been running, or did.</summary>
        public TimeSpan Elapsed => TimeSpan.FromMilliseconds(Native.diffusion_job_elapsed_milliseconds(handle));

        /// <summary>How many previews there were; where it is another number than last time, there is a new one.</summary>
        public ulong PreviewNumber => Native.diffusion_job_preview_number(handle);

        /// <summary>The newest preview of a picture, where Request.SetPreviews() asks for them; null before the first.</summary>
        public Image Preview(int index = 0)
        {
            if (PreviewNumber == 0)
                return null;
            DiffusionException.Check(Native.diffusion_job_preview(handle, index, out var image));
            return new Image(image);
        }

        /// <summary>Why it failed or was cancelled; empty for one that did not.</summary>
        public string Error => Text.From(Native.diffusion_job_error_message(handle));

        public void Dispose() => handle.Dispose();
    }
}
