internal import Bytes
internal import CCurl
internal import Linux
internal import Time

/// One request at a time to one sink, made once and used for every request.
///
/// While a request runs, libcurl holds addresses: of the body, the header lines, the error text
/// and of this object. All of them belong to the object and stay where they are for its life;
/// `prepare` changes them only while the transfer is idle. A transfer that is let go while it
/// runs is cancelled.
///
/// On a kept connection it allocates nothing of its own; libcurl and OpenSSL allocate for
/// themselves.
@safe
public final class HTTPSTransfer {
    /// Whatever the owner tells its transfers apart by.
    public let token: UInt64
    /// How the last request ended; nil before the first one, while one runs and after `cancel`.
    public private(set) var result: HTTPSResult?
    /// What the last request cost.
    public private(set) var traffic = HTTPSTraffic()
    public private(set) var isRunning = false

    // Held so that the multi handle outlives every easy handle in it.
    private let client: HTTPSClient
    private let settings: HTTPSSettings
    private let limits: HTTPSLimits
    /// `CURL`: owned, freed at the end.
    private let easy: UnsafeMutableRawPointer
    /// `CURL_ERROR_SIZE` characters, which libcurl fills.
    private let errorText: UnsafeMutablePointer<CChar>
    /// The time that certificates are verified against, seconds since 1970; what libcurl has is
    /// the address.
    private let verificationTime: UnsafeMutablePointer<Int64>
    private var address: HTTPSAddress
    /// libcurl does not have the options as they should be: the next start sets them.
    private var needsOptions = true
    private var request: HTTPSRequest
    private var responseBody: FixedBuffer
    private var head = ResponseHead()
    private let keptHeaders: [StaticString]
    private var requestBegan = false
    private var verifiesAtTime = false

    /// `url` as for `setURL`. `keptHeaders` are headers of an answer whose values are wanted: their
    /// names in small letters, each with its colon.
    public init(
        on client: HTTPSClient, to url: String, settings: HTTPSSettings, limits: HTTPSLimits,
        token: UInt64 = 0, keptHeaders: [StaticString] = []
    ) throws(HTTPSError) {
        self.keptHeaders = keptHeaders
        address = try HTTPSAddress(url, settings)
        guard let easy = unsafe curl_easy_init() else {
            throw .library(
                code: Int32(bitPattern: CURLE_OUT_OF_MEMORY.rawValue), reason: "no easy handle")
        }
        self.token = token
        self.client = client
        self.settings = settings
        unsafe self.easy = easy
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        unsafe verificationTime = .allocate(capacity: 1)
        unsafe verificationTime.initialize(to: 0)
        request = HTTPSRequest(limits: limits)
        responseBody = FixedBuffer(capacity: limits.responseBytes)
        self.limits = limits
        try setOptions()
    }

    deinit {
        if isRunning { unsafe curl_multi_remove_handle(client.multi, easy) }
        unsafe curl_easy_cleanup(easy)
        unsafe errorText.deallocate()
        unsafe verificationTime.deallocate()
    }

    /// Where the next requests go: `https:`, or `http:` to a loopback address where the settings
    /// allow it.
    public func setURL(_ url: String) throws(HTTPSError) {
        precondition(!isRunning, "a transfer is changed while it is idle")
        address = try HTTPSAddress(url, settings)
        needsOptions = true
    }

    /// Certificates of the next connections are verified at `seconds` since 1970 instead of the
    /// kernel's time, or a little later, when the youngest of them was made; nil: at the
    /// kernel's. For a board whose clock is wrong: verified they are always.
    public func verify(at seconds: Int64?) {
        precondition(!isRunning, "a transfer is changed while it is idle")
        let isOn = seconds != nil
        unsafe verificationTime.pointee = seconds ?? 0
        if isOn != verifiesAtTime { needsOptions = true }
        verifiesAtTime = isOn
    }

    /// Lets `write` change the request. What it leaves alone stays as it was, so a repeat needs
    /// new header lines at most.
    public func prepare<Failure: Error>(
        _ write: (inout HTTPSRequest) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(!isRunning, "a transfer is changed while it is idle")
        try write(&request)
    }

    /// Sends the request. The client's `progress` carries it on; its `nextFinished` hands the
    /// transfer back. When a kept connection turns out to be dead before a byte of the answer
    /// came, libcurl itself repeats the request on a new one: it may reach the server twice.
    public func start() throws(HTTPSError) {
        precondition(!isRunning, "a transfer makes one request at a time")
        precondition(!request.body.overflowed, "a body that did not fit is never sent")
        responseBody.removeAll()
        head = ResponseHead(keeping: keptHeaders)
        requestBegan = false
        result = nil
        traffic = HTTPSTraffic()
        if needsOptions { try setOptions() }
        unsafe errorText[0] = 0
        try check(unsafe pulsegate_curl_set_lines(easy, request.headers.link()))
        switch request.method {
        case .get: try check(unsafe pulsegate_curl_set_number(easy, CURLOPT_HTTPGET, 1))
        case .post, .put:
            let length = request.body.count
            try check(unsafe pulsegate_curl_set_number(easy, CURLOPT_POST, 1))
            try check(
                unsafe pulsegate_curl_set_size(
                    easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(length)))
            try check(
                unsafe pulsegate_curl_set_pointer(
                    easy, CURLOPT_POSTFIELDS, request.bodyAddress()))
        }
        // A name of its own for the method; nil for the one that libcurl has by itself.
        try check(
            unsafe pulsegate_curl_set_text(
                easy, CURLOPT_CUSTOMREQUEST, request.method == .put ? "PUT" : nil))
        try check(unsafe curl_multi_add_handle(client.multi, easy))
        isRunning = true
    }

    /// Ends a running request without a result; its connection is closed. Answers whether the
    /// request may have reached the server.
    @discardableResult
    public func cancel() -> Bool {
        guard isRunning else { return false }
        leave()
        return requestBegan
    }

    /// The body of the last response: complete after an answer, else as far as it came.
    public var response: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // The buffer has one allocation for the life of this object.
            let span = responseBody.bytes
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The value of the kept header number `index` in the last answer; nil: it was not there.
    public func keptHeader(_ index: Int) -> String? { head.keptValues[index] }

    /// libcurl is done with the request.
    func finish(_ code: CURLcode) {
        traffic = unsafe HTTPSOptions.traffic(of: easy)
        let status = unsafe HTTPSOptions.number(easy, CURLINFO_RESPONSE_CODE)
        let proxyStatus = unsafe HTTPSOptions.number(easy, CURLINFO_HTTP_CONNECTCODE)
        if code == CURLE_OK {
            let wallSeconds =
                verifiesAtTime
                ? unsafe verificationTime.pointee : Clock.now().wallMicroseconds / 1_000_000
            result = .answered(
                HTTPSAnswer(
                    status: status, serverTimeSeconds: head.serverTimeSeconds,
                    isVerified: !address.isPlain,
                    retryAfterSeconds: head.retryAfterSeconds(wallSeconds: wallSeconds),
                    isPage: head.isPage))
        } else {
            result = .failed(
                HTTPSFailure(
                    FailureEvidence(
                        code: code,
                        verifyResult: unsafe HTTPSOptions.number(easy, CURLINFO_SSL_VERIFYRESULT),
                        requestBegan: requestBegan, responseOverflowed: responseBody.overflowed,
                        status: status == 0 ? nil : status,
                        proxyStatus: proxyStatus == 0 ? nil : proxyStatus, text: words(for: code),
                        authority: address.authority, settings: settings)))
        }
        // libcurl repeats a request when its kept connection was dead, but counts the repeats
        // over the life of a handle and fails at the sixth. A reset sets its count to 0.
        if traffic.isNewConnection { needsOptions = true }
        leave()
    }

    /// Tells libcurl all that stays the same from request to request.
    private func setOptions() throws(HTTPSError) {
        // Connections, names and TLS sessions are the client's and stay.
        unsafe curl_easy_reset(easy)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        try check(
            unsafe pulsegate_curl_set_functions(easy, context, onBody, onHeaderLine, onRequest))
        try check(unsafe pulsegate_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
        try unsafe HTTPSOptions.set(settings, limits, address, on: easy)
        if verifiesAtTime {
            try check(unsafe pulsegate_curl_verify_at(easy, verificationTime))
        }
        needsOptions = false
    }

    private func leave() {
        let code = unsafe curl_multi_remove_handle(client.multi, easy)
        precondition(code == CURLM_OK, "a running transfer is in its client, once")
        isRunning = false
    }

    /// libcurl's words for the failure, as one line.
    private func words(for code: CURLcode) -> String {
        let text =
            unsafe errorText[0] == 0
            ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
        return String(text.map { $0.isNewline || $0 < " " ? " " : $0 })
    }

    /// Takes a piece of the response body; false when it does not fit.
    fileprivate func take(body: Span<UInt8>) -> Bool {
        responseBody.append(body)
        return !responseBody.overflowed
    }

    fileprivate func take(headerLine: Span<UInt8>) { head.take(headerLine) }

    fileprivate func noteRequest() { requestBegan = true }
}

/// The transfer that libcurl was told with its functions. It is alive: its `deinit` takes it
/// out of libcurl.
private func transfer(_ context: UnsafeMutableRawPointer) -> HTTPSTransfer {
    unsafe Unmanaged<HTTPSTransfer>.fromOpaque(context).takeUnretainedValue()
}

/// `curl_write_callback`: an answer other than the length ends the transfer.
private func onBody(
    _ start: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let start = unsafe start, let context = unsafe context else { return 0 }
    let length = size * count
    let bytes = unsafe Span<UInt8>(
        _unsafeStart: UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self), count: length)
    return unsafe transfer(context).take(body: bytes) ? length : 0
}

/// `curl_write_callback` for one header line, not terminated by NUL.
private func onHeaderLine(
    _ start: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let start = unsafe start, let context = unsafe context else { return 0 }
    let length = size * count
    let bytes = unsafe Span<UInt8>(
        _unsafeStart: UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self), count: length)
    unsafe transfer(context).take(headerLine: bytes)
    return length
}

/// `curl_prereq_callback`: the connection stands and the request goes out next.
private func onRequest(
    _ context: UnsafeMutableRawPointer?, _: UnsafeMutablePointer<CChar>?,
    _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32
) -> Int32 {
    if let context = unsafe context { unsafe transfer(context).noteRequest() }
    return CURL_PREREQFUNC_OK
}
