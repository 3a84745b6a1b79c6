internal import CCurl

/// What is asked of libcurl for every request, and what it tells afterwards.
@unsafe
enum HTTPSOptions {
    /// Sets all that stays the same for the life of a handle.
    static func set(
        _ settings: HTTPSSettings, _ limits: HTTPSLimits, _ address: HTTPSAddress,
        on easy: UnsafeMutableRawPointer
    ) throws(HTTPSError) {
        try unsafe setSecurity(settings, on: easy)
        try unsafe setTimes(settings, on: easy)
        // HTTP/1.1 alone: one request at a time gains nothing by HTTP/2.
        try unsafe set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1), on: easy)
        // A redirect would carry a signature made for another host.
        try unsafe set(CURLOPT_FOLLOWLOCATION, 0, on: easy)
        try unsafe set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1, on: easy)
        try check(unsafe pulsegate_curl_set_text(easy, CURLOPT_USERAGENT, settings.userAgent))
        try check(
            unsafe pulsegate_curl_set_size(
                easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(limits.responseBytes)))
        try unsafe setProxy(settings.proxy, address, on: easy)
        try check(unsafe pulsegate_curl_set_text(easy, CURLOPT_URL, address.url))
    }

    private static func setProxy(
        _ proxy: HTTPSProxy, _ address: HTTPSAddress, on easy: UnsafeMutableRawPointer
    ) throws(HTTPSError) {
        // A proxy in the environment is meant for the world, not for this machine; and what is
        // not encrypted leaves it through no proxy.
        let isDirect = address.isPlain || address.isLoopback && proxy == .environment
        if isDirect { try check(unsafe pulsegate_curl_set_text(easy, CURLOPT_NOPROXY, "*")) }
        switch proxy {
        case .environment: break
        case .none: try check(unsafe pulsegate_curl_set_text(easy, CURLOPT_PROXY, ""))
        case .url(let url): try check(unsafe pulsegate_curl_set_text(easy, CURLOPT_PROXY, url))
        }
    }

    private static func setSecurity(
        _ settings: HTTPSSettings, on easy: UnsafeMutableRawPointer
    ) throws(HTTPSError) {
        try unsafe set(CURLOPT_SSL_VERIFYPEER, 1, on: easy)
        try unsafe set(CURLOPT_SSL_VERIFYHOST, 2, on: easy)
        try unsafe set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2), on: easy)
        let isPlainAllowed = settings.allowsPlainLoopback || !settings.plainHosts.isEmpty
        let protocols = isPlainAllowed ? "https,http" : "https"
        try check(unsafe pulsegate_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, protocols))
        try unsafe setAuthorities(settings, on: easy)
        try unsafe setIdentity(settings, on: easy)
    }

    /// The certificate of this side, where it has one.
    private static func setIdentity(
        _ settings: HTTPSSettings, on easy: UnsafeMutableRawPointer
    ) throws(HTTPSError) {
        guard let certificate = settings.clientCertificateFile else { return }
        try check(unsafe pulsegate_curl_set_text(easy, CURLOPT_SSLCERT, certificate))
        try check(unsafe pulsegate_curl_set_text(easy, CURLOPT_SSLKEY, settings.clientKeyFile))
        // Without a word OpenSSL would ask for that of an encrypted key on the terminal, and wait.
        try check(unsafe pulsegate_curl_set_text(easy, CURLOPT_KEYPASSWD, ""))
    }

    /// Gives libcurl a file or a folder. With both, as by default, it parses the file of all 140
    /// authorities for every new connection: 23 ms of CPU on x86-64, in one piece, while alarms
    /// wait. From a folder OpenSSL reads the one that it needs: 0.8 ms with the whole handshake.
    /// What a file alone holds is kept for a day (CURLOPT_CA_CACHE_TIMEOUT). So the system's
    /// authorities come from their folder where there is one.
    private static func setAuthorities(
        _ settings: HTTPSSettings, on easy: UnsafeMutableRawPointer
    ) throws(HTTPSError) {
        let file = settings.certificateAuthorityFile
        let folder = settings.certificateAuthorityFolder
        let isSystem = file == nil && folder == nil
        let hasSystemFolder = HTTPSLibrary.hasAuthorityFolder
        if !isSystem || hasSystemFolder {
            try check(unsafe pulsegate_curl_set_text(easy, CURLOPT_CAINFO, file))
        }
        if !isSystem || !hasSystemFolder {
            try check(unsafe pulsegate_curl_set_text(easy, CURLOPT_CAPATH, folder))
        }
    }

    private static func setTimes(
        _ settings: HTTPSSettings, on easy: UnsafeMutableRawPointer
    ) throws(HTTPSError) {
        try unsafe set(CURLOPT_CONNECTTIMEOUT_MS, settings.connectTimeoutMilliseconds, on: easy)
        try unsafe set(CURLOPT_TIMEOUT_MS, settings.totalTimeoutMilliseconds, on: easy)
        try unsafe set(CURLOPT_LOW_SPEED_LIMIT, settings.lowSpeedBytesPerSecond, on: easy)
        try unsafe set(CURLOPT_LOW_SPEED_TIME, settings.lowSpeedSeconds, on: easy)
        if settings.keepAliveSeconds > 0 {
            try unsafe set(CURLOPT_TCP_KEEPALIVE, 1, on: easy)
            try unsafe set(CURLOPT_TCP_KEEPIDLE, settings.keepAliveSeconds, on: easy)
            try unsafe set(CURLOPT_TCP_KEEPINTVL, settings.keepAliveSeconds, on: easy)
        }
        // No alarm(2), no change of signal handlers.
        try unsafe set(CURLOPT_NOSIGNAL, 1, on: easy)
        // A time-out or cancel while a name is being resolved must not wait for getaddrinfo(3),
        // which can take half a minute with dead name servers. Its thread ends by itself.
        try unsafe set(CURLOPT_QUICK_EXIT, 1, on: easy)
    }

    private static func set(
        _ option: CURLoption, _ value: Int, on easy: UnsafeMutableRawPointer
    ) throws(HTTPSError) {
        try check(unsafe pulsegate_curl_set_number(easy, option, value))
    }

    /// A number that libcurl keeps of a transfer; 0 where it has none.
    static func number(_ easy: UnsafeMutableRawPointer, _ info: CURLINFO) -> Int {
        var value = 0
        _ = unsafe pulsegate_curl_number(easy, info, &value)
        return value
    }

    private static func size(_ easy: UnsafeMutableRawPointer, _ info: CURLINFO) -> curl_off_t {
        var value: curl_off_t = 0
        _ = unsafe pulsegate_curl_size(easy, info, &value)
        return value
    }

    static func traffic(of easy: UnsafeMutableRawPointer) -> HTTPSTraffic {
        let requestBytes = unsafe number(easy, CURLINFO_REQUEST_SIZE)
        let uploadBytes = unsafe Int(size(easy, CURLINFO_SIZE_UPLOAD_T))
        let headBytes = unsafe number(easy, CURLINFO_HEADER_SIZE)
        let downloadBytes = unsafe Int(size(easy, CURLINFO_SIZE_DOWNLOAD_T))
        // libcurl 8 counts the body with the request; 7.88 does so only where it was sent with
        // the head, up to 64 KiB, which is more than any head has.
        let sentBytes = requestBytes >= uploadBytes ? requestBytes : requestBytes + uploadBytes
        return unsafe HTTPSTraffic(
            sentBytes: sentBytes,
            receivedBytes: headBytes + downloadBytes,
            isNewConnection: number(easy, CURLINFO_NUM_CONNECTS) > 0,
            durationMicroseconds: Int64(size(easy, CURLINFO_TOTAL_TIME_T)))
    }
}
