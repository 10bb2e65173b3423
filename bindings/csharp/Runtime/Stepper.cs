using System;
using System.Collections.Generic;
using System.Threading;

namespace LibDiffusion
{
    /// <summary>
    /// A generation underway, for a loop of one's own: it draws what Pipeline.Generate() draws, one denoiser evaluation after the
    /// other. Between two calls the pipeline is free for others, and several steppers may be underway. One thread at a time
    /// uses a stepper, and no callback of its own does: otherwise Status.Busy is thrown. It keeps the model open until it is
    /// disposed of.
    /// </summary>
    public sealed class Stepper : IDisposable
    {
        private readonly StepperHandle handle;
        private int users;

        internal Stepper(StepperHandle handle)
        {
            this.handle = handle;
            StepCount = (int)Native.diffusion_stepper_step_count(handle);
        }

        /// <summary>How many evaluations there are; solvers of higher order take several a step.</summary>
        public int StepCount { get; }

        /// <summary>How many of them are made.</summary>
        public int Step => Alone(() => (int)Native.diffusion_stepper_step(handle));

        /// <summary>The timestep of the next evaluation, as the scheduler counts it; null when none is left.</summary>
        public double? Timestep
        {
            get
            {
                var timestep = Alone(() => Native.diffusion_stepper_timestep(handle));
                return timestep < 0 ? (double?)null : timestep;
            }
        }

        /// <summary>
        /// Makes the next evaluation; Status.InvalidArgument when none is left. After a cancellation it is not made, and can be
        /// made again; a callback that throws has seen it made.
        /// </summary>
        public void Advance(Action<Progress> progress = null, CancellationToken cancellation = default(CancellationToken))
        {
            using (var watch = new Watch(progress, cancellation))
            {
                Alone(() =>
                {
                    watch.Check(Native.diffusion_stepper_advance(handle, watch.Token, watch.Callback, watch.UserData));
                    return true;
                });
            }
        }

        /// <summary>Makes the evaluations that are left, one in each turn of a loop, which is told how many are made.</summary>
        public IEnumerable<int> Steps(
            Action<Progress> progress = null, CancellationToken cancellation = default(CancellationToken))
        {
            while (Step < StepCount)
            {
                Advance(progress, cancellation);
                yield return Step;
            }
        }

        /// <summary>The latents as they are now, [pictures, channels, height, width], in the scheduler's scale; a copy.</summary>
        public Embedding GetLatents() => Alone(() =>
        {
            DiffusionException.Check(Native.diffusion_stepper_latents(handle, out var latents));
            return new Embedding(latents);
        });

        /// <summary>Goes on with other latents, of the shape and in the scale of GetLatents(). They are copied.</summary>
        public void SetLatents(Embedding latents) => Alone(() =>
        {
            DiffusionException.Check(Native.diffusion_stepper_set_latents(handle, latents.Handle));
            return true;
        });

        /// <summary>
        /// What the latest evaluation took the finished latents to be, for a preview by Pipeline.DecodeLatents(). Null where that
        /// is not known: before the first and after the last evaluation, where other latents were set since, and for a few models
        /// always.
        /// </summary>
        public Embedding GetCleanLatents() => Alone(() =>
        {
            var status = Native.diffusion_stepper_clean_latents(handle, out var latents);
            if (status == Status.Unsupported)
                return null;
            DiffusionException.Check(status);
            return new Embedding(latents);
        });

        /// <summary>Makes pictures of the latents as they are: finished when no evaluation is left, noisy before. May come again.</summary>
        public Result Finish(Action<Progress> progress = null, CancellationToken cancellation = default(CancellationToken))
        {
            using (var watch = new Watch(progress, cancellation))
            {
                return Alone(() =>
                {
                    watch.Check(Native.diffusion_stepper_finish(
                        handle, watch.Token, watch.Callback, watch.UserData, out var result));
                    return new Result(result);
                });
            }
        }

        public void Dispose() => handle.Dispose();

        /// <summary>One call at a time: C does not look after that itself. No lock, which a callback would pass.</summary>
        private T Alone<T>(Func<T> call)
        {
            if (Interlocked.CompareExchange(ref users, 1, 0) != 0)
                throw new DiffusionException(
                    Status.Busy, "the stepper is in use, by another thread or by the call that this callback belongs to");
            try
            {
                return call();
            }
            finally
            {
                Volatile.Write(ref users, 0);
            }
        }
    }
}
