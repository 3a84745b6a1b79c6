internal import Bytes
internal import CCurl
internal import Glibc
internal import Linux
internal import Time

/// All HTTPS requests of the program, inside its one poller (libcurl's multi interface,
/// `curl_multi_socket_action`): nothing here waits.
///
/// The client has a poller of its own for libcurl's sockets and its timer. That poller's
/// `number` goes into the program's poller; when it is readable, call `progress`, then take
/// what `nextFinished` has.
///
/// Names are resolved by libcurl on a short-lived thread, because getaddrinfo(3) blocks; the
/// result comes back through a descriptor. No other thread is made.
@safe
public final class HTTPSClient {
    /// A descriptor of libcurl that is ready, with `CURL_CSELECT_…`.
    private struct Event: BitwiseCopyable {
        var socket: Int32
        var mask: Int32
    }

    // As many as the poller takes at a time; with fewer, the rest comes at the next call.
    private static let batch = 32
    private static let timerToken = UInt64.max
    /// Idle connections kept for re-use: one for each sink and a few for credentials.
    private static let idleConnectionsMax = 8

    /// `CURLM`: owned, freed at the end.
    let multi: UnsafeMutableRawPointer
    private var poller: Poller
    private let timer: Timer
    private var events = FixedArray<Event>(capacity: HTTPSClient.batch)
    /// A watch that the kernel refused inside a callback, which can not throw.
    private var refusedWatch: SystemError?

    public init() throws(HTTPSError) {
        try HTTPSLibrary.start()
        guard let multi = unsafe curl_multi_init() else {
            throw .library(code: Int32(CURLM_OUT_OF_MEMORY.rawValue), reason: "no multi handle")
        }
        do throws(SystemError) {
            let poller = try Poller()
            let timer = try Timer()
            try poller.set(
                timer.number, token: Self.timerToken, readable: true, writable: false)
            self.poller = poller
            self.timer = timer
        } catch {
            unsafe curl_multi_cleanup(multi)
            throw .system(error)
        }
        unsafe self.multi = multi
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        try check(
            unsafe pulsegate_curl_multi_set_functions(multi, context, onSocket, onTimer))
        try check(
            unsafe pulsegate_curl_multi_set_number(
                multi, CURLMOPT_MAXCONNECTS, Self.idleConnectionsMax))
    }

    deinit {
        // Every transfer holds its client, so none is left; idle connections are closed here,
        // and nobody needs to hear of their sockets any more.
        unsafe pulsegate_curl_multi_set_functions(multi, nil, nil, nil)
        unsafe curl_multi_cleanup(multi)
    }

    /// The descriptor for the program's poller, to be watched for reading.
    public var number: Int32 { poller.number }

    /// Lets libcurl do what can be done now. A throw says that the kernel refused a watch or
    /// libcurl has no memory; transfers then go on as far as they can, and end by time-out.
    public func progress() throws(HTTPSError) {
        events.removeAll()
        var timerFired = false
        do throws(SystemError) {
            // libcurl changes the poller when it is told of an event, so they are taken first.
            try poller.wait(timeoutNanoseconds: 0) { readiness in
                if readiness.token == Self.timerToken {
                    timerFired = true
                } else if !events.isFull {
                    events.append(Self.event(readiness))
                }
            }
        } catch {
            throw .system(error)
        }
        for index in 0..<events.count {
            try act(on: events[index].socket, mask: events[index].mask)
        }
        if timerFired {
            timer.clear()
            try act(on: CURL_SOCKET_BAD, mask: 0)  // CURL_SOCKET_TIMEOUT
        }
        if let error = refusedWatch {
            refusedWatch = nil
            throw .system(error)
        }
    }

    /// The next transfer that has ended, with its `result`; nil when there is none. It is idle
    /// and may be started again at once.
    public func nextFinished() -> HTTPSTransfer? {
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE,
                let easy = unsafe message.pointee.easy_handle,
                let context = unsafe pulsegate_curl_context(easy)
            else { continue }
            // Read before the handle is removed, which frees the message.
            let code = unsafe message.pointee.data.result
            let transfer = unsafe Unmanaged<HTTPSTransfer>.fromOpaque(context)
                .takeUnretainedValue()
            transfer.finish(code)
            return transfer
        }
        return nil
    }

    private static func event(_ readiness: Readiness) -> Event {
        Event(
            socket: Int32(truncatingIfNeeded: readiness.token),
            mask: (readiness.readable ? CURL_CSELECT_IN : 0)
                | (readiness.writable ? CURL_CSELECT_OUT : 0)
                | (readiness.failed ? CURL_CSELECT_ERR : 0))
    }

    private func act(on socket: Int32, mask: Int32) throws(HTTPSError) {
        var running: Int32 = 0
        let code = unsafe curl_multi_socket_action(multi, socket, mask, &running)
        // A socket that an earlier event of the same batch has closed is no news.
        if code != CURLM_BAD_SOCKET { try check(code) }
    }

    /// libcurl wants to hear of a socket, or no longer.
    fileprivate func watch(_ socket: Int32, _ what: Int32) {
        guard what != CURL_POLL_REMOVE else {
            poller.remove(socket)
            return
        }
        do throws(SystemError) {
            try poller.set(
                socket, token: UInt64(UInt32(bitPattern: socket)),
                readable: what & CURL_POLL_IN != 0, writable: what & CURL_POLL_OUT != 0)
        } catch {
            // An error code here would end all transfers for good (CURLM_ABORTED_BY_CALLBACK).
            refusedWatch = error
        }
    }

    /// libcurl wants to be called in so many milliseconds; negative: not at all.
    fileprivate func wake(afterMilliseconds milliseconds: Int) {
        guard milliseconds >= 0 else {
            timer.set(nil)
            return
        }
        let now = Clock.now().monotonicNanoseconds
        timer.set(now + Int64(milliseconds) * 1_000_000)
    }
}

/// `curl_socket_callback`
private func onSocket(
    _: UnsafeMutableRawPointer?, _ socket: curl_socket_t, _ what: Int32,
    _ context: UnsafeMutableRawPointer?, _: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context = unsafe context else { return 0 }
    unsafe Unmanaged<HTTPSClient>.fromOpaque(context).takeUnretainedValue().watch(socket, what)
    return 0
}

/// `curl_multi_timer_callback`
private func onTimer(
    _: UnsafeMutableRawPointer?, _ milliseconds: Int, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context = unsafe context else { return 0 }
    unsafe Unmanaged<HTTPSClient>.fromOpaque(context).takeUnretainedValue()
        .wake(afterMilliseconds: milliseconds)
    return 0
}
