internal import CMicroHTTPD

extension HTTPExchange {
    /// Arguments of a query that are looked at, at most: a request has room for hundreds.
    private static let argumentsMax = 32

    /// Every argument of the query, decoded, in the order in which they were sent; nil when there
    /// are more than anybody needs.
    public var arguments: [(name: String, value: String)]? {
        guard isOpen else { return [] }
        let list = ArgumentList(limit: Self.argumentsMax)
        let context = unsafe Unmanaged.passUnretained(list).toOpaque()
        unsafe pulsegate_http_arguments(link.handle, onArgument, context)
        return list.isFull ? nil : list.arguments
    }
}

private final class ArgumentList {
    private(set) var arguments: [(name: String, value: String)] = []
    private(set) var isFull = false
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// False when no more are wanted.
    func append(_ name: String, _ value: String) -> Bool {
        isFull = arguments.count == limit
        if !isFull { arguments.append((name, value)) }
        return !isFull
    }
}

/// `MHD_KeyValueIterator`
private func onArgument(
    _ context: UnsafeMutableRawPointer?, _: MHD_ValueKind, _ name: UnsafePointer<CChar>?,
    _ value: UnsafePointer<CChar>?
) -> MHD_Result {
    guard let context = unsafe context, let name = unsafe name else {
        return pulsegate_http_result(0)
    }
    let list = unsafe Unmanaged<ArgumentList>.fromOpaque(context).takeUnretainedValue()
    let text = unsafe value.map { unsafe String(cString: $0) } ?? ""
    return unsafe pulsegate_http_result(list.append(String(cString: name), text) ? 1 : 0)
}
