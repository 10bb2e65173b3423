package org.libdiffusion

import java.lang.ref.PhantomReference
import java.lang.ref.ReferenceQueue
import java.util.concurrent.ConcurrentHashMap
import kotlin.concurrent.thread

/**
 * A native object, given back once: by [close], or when its owner was collected unclosed. Whoever closes it while another
 * thread is inside of a call with it leaves the giving back to that call's end.
 */
internal class Handle(private val what: String, private val pointer: Long, private val destroy: (Long) -> Unit) {
    private var users = 0
    private var closed = false

    fun <T> use(call: (Long) -> T): T {
        synchronized(this) {
            check(!closed) { "the $what is closed" }
            users++
        }
        try {
            return call(pointer)
        } finally {
            if (synchronized(this) { --users == 0 && closed }) destroy(pointer)
        }
    }

    fun close() {
        val last = synchronized(this) {
            val first = !closed
            closed = true
            first && users == 0
        }
        if (last) destroy(pointer)
    }
}

/**
 * The safety net under `close()`: what java.lang.ref.Cleaner does, which Android has only since API 33.
 */
internal object Reaper {
    private class Watched(owner: Any, val handle: Handle) : PhantomReference<Any>(owner, queue)

    private val queue = ReferenceQueue<Any>()
    private val watched: MutableSet<Watched> = ConcurrentHashMap.newKeySet()

    /** How many objects have not been collected yet, for the tests. */
    val count: Int get() = watched.size

    init {
        thread(isDaemon = true, name = "libdiffusion reaper") {
            while (true) {
                val gone = queue.remove() as Watched
                watched.remove(gone)
                gone.handle.close()
            }
        }
    }

    fun watch(owner: Any, handle: Handle): Handle {
        watched.add(Watched(owner, handle))
        return handle
    }
}
