internal import CLinux
internal import Glibc

/// Something that may wait for the card for seconds. It owns the bytes it works on.
public protocol DiskJob: AnyObject, Sendable {
    /// Runs on the worker's thread, while nobody else touches the job.
    func perform()
}

/// The one helper thread: everything that may wait for a card runs there, because a cheap SD card
/// stalls for seconds while it erases, and an alarm must not.
///
/// Jobs run one after the other in the order of `submit`; a finished one makes `number` readable
/// and comes back from `nextFinished`. A job belongs to the worker from the one to the other.
@safe
public final class DiskWorker: @unchecked Sendable {
    // The mutex guards `waiting`, `finished` and `isStopping`; nothing else is shared.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var waiting: [any DiskJob] = []
    private var finished: [any DiskJob] = []
    private var isStopping = false
    private let wakeup: Wakeup
    private var thread = pthread_t()

    /// `capacity` is the number of jobs that exist: each is under way once at most.
    public init(capacity: Int) throws(SystemError) {
        wakeup = try Wakeup()
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
        waiting.reserveCapacity(capacity)
        finished.reserveCapacity(capacity)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        let result = unsafe pthread_create(&thread, nil, { unsafe DiskWorker.main($0) }, context)
        guard result == 0 else {
            throw SystemError(call: "pthread_create", subject: "disk worker", number: result)
        }
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Readable when a job has finished.
    public var number: Int32 { wakeup.number }

    public func submit(_ job: any DiskJob) {
        locked { waiting.append(job) }
        unsafe pthread_cond_signal(condition)
    }

    /// A job that is done; nil when there is none. The descriptor is cleared first, so a job that
    /// finishes meanwhile makes it readable again; and so it is asked until it answers nil.
    public func nextFinished() -> (any DiskJob)? {
        wakeup.clear()
        return locked { finished.isEmpty ? nil : finished.removeFirst() }
    }

    /// Finishes what was submitted and ends the thread. Must be called before the last reference
    /// goes.
    public func stop() {
        locked { isStopping = true }
        unsafe pthread_cond_signal(condition)
        pthread_join(thread, nil)
    }

    private static func main(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let context = unsafe context else { return nil }
        let worker = unsafe Unmanaged<DiskWorker>.fromOpaque(context).takeUnretainedValue()
        while let job = worker.nextWaiting() {
            job.perform()
            worker.locked { worker.finished.append(job) }
            worker.wakeup.signal()
        }
        return nil
    }

    /// Waits for a job; nil when the worker is to stop and nothing is left.
    private func nextWaiting() -> (any DiskJob)? {
        locked {
            while waiting.isEmpty && !isStopping { unsafe pthread_cond_wait(condition, mutex) }
            return waiting.isEmpty ? nil : waiting.removeFirst()
        }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }
}
