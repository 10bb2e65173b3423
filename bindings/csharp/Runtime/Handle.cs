using System;
using System.Runtime.InteropServices;

namespace LibDiffusion
{
    /// <summary>
    /// An object of the library: given back once, when nobody uses it any more, whatever thread that is on. A call that is
    /// running keeps it. A borrowed one keeps what it was borrowed from instead.
    /// </summary>
    internal abstract class Handle : SafeHandle
    {
        private bool borrowed;
        private SafeHandle owner;

        protected Handle() : base(IntPtr.Zero, true) { }

        public override bool IsInvalid => handle == IntPtr.Zero;

        /// <summary>A pointer that lives as long as its owner, or, without one, until this is disposed of.</summary>
        internal void Borrow(IntPtr pointer, SafeHandle from)
        {
            borrowed = true;
            if (from != null)
            {
                var held = false;
                from.DangerousAddRef(ref held);
                owner = from;
            }
            SetHandle(pointer);
        }

        protected sealed override bool ReleaseHandle()
        {
            if (!borrowed)
                Destroy(handle);
            else if (owner != null)
                owner.DangerousRelease();
            return true;
        }

        protected abstract void Destroy(IntPtr pointer);
    }
}
