public import SigV4

extension Signer {
    /// Appends the headers that the last signature needs; `X-Amz-Content-Sha256` where the request
    /// was begun with it.
    public mutating func append(
        to headers: inout HTTPSHeaders, hashesContent: Bool
    ) throws(HTTPSHeaderError) {
        try headers.append("X-Amz-Date", date)
        if let token = credentials.sessionToken {
            try headers.append("X-Amz-Security-Token", token.utf8.span)
        }
        if hashesContent { try headers.append("X-Amz-Content-Sha256", contentHash) }
        try headers.append("Authorization", authorization)
    }
}
