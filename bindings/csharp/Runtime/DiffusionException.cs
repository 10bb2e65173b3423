using System;

namespace LibDiffusion
{
    /// <summary>
    /// A call of the library failed. The message is the library's own sentence: what is wrong and what is allowed. Work
    /// that was cancelled is an OperationCanceledException instead, as everywhere in .NET.
    /// </summary>
    public sealed class DiffusionException : Exception
    {
        public Status Status { get; }

        internal DiffusionException(Status status, string message) : base(message)
        {
            Status = status;
        }

        /// <summary>Throws what a call came to; must stand right behind the call, on its thread.</summary>
        internal static void Check(Status status)
        {
            if (status != Status.Ok)
                throw Of(status, Text.From(Native.diffusion_last_error_message()));
        }

        internal static Exception Of(Status status, string message)
        {
            if (status == Status.Cancelled)
                return new OperationCanceledException(message);
            return new DiffusionException(status, message);
        }
    }
}
