import Uplink
import Testing

/// What an answer that is not 200 means.
struct ServiceErrorTests {
    private func refusal(_ status: Int, _ body: String) -> RequestRefusal {
        let bytes = Array(body.utf8)
        return ServiceError.refusal(status: status, body: bytes.span)
    }

    @Test func codesOfTheServiceHaveTheirMeaningWithAndWithoutNamespace() {
        let codes: [(String, RequestRefusal)] = [
            ("ProvisionedThroughputExceededException", .throttled),
            ("LimitExceededException", .throttled),
            ("ThrottlingException", .throttled),
            ("Throttling", .throttled),
            ("RequestLimitExceeded", .throttled),
            ("TooManyRequestsException", .throttled),
            ("SlowDown", .throttled),
            ("KMSThrottlingException", .throttled),
            ("ServiceUnavailable", .serverFault),
            ("ServiceUnavailableException", .serverFault),
            ("InternalFailure", .serverFault),
            ("InternalFailureException", .serverFault),
            ("InvalidSignatureException", .signature),
            ("SignatureDoesNotMatch", .signature),
            ("IncompleteSignature", .signature),
            ("IncompleteSignatureException", .signature),
            ("RequestExpired", .clockSkew),
            ("RequestTimeTooSkewed", .clockSkew),
            ("UnrecognizedClientException", .credentials),
            ("InvalidClientTokenId", .credentials),
            ("ExpiredTokenException", .credentials),
            ("ExpiredToken", .credentials),
            ("MissingAuthenticationToken", .credentials),
            ("MissingAuthenticationTokenException", .credentials),
            ("AccessDeniedException", .permission),
            ("AccessDenied", .permission),
            ("KMSAccessDeniedException", .permission),
            ("ResourceNotFoundException", .notFound),
            ("ValidationException", .content),
            ("SerializationException", .content),
            ("InvalidArgumentException", .content),
            ("UnknownOperationException", .invalidRequest),
        ]
        for (code, meaning) in codes {
            for prefix in ["", "com.amazonaws.kinesis#", "com.amazonaws.kinesis.v20131202#"] {
                let body = #"{"__type":"\#(prefix)\#(code)","message":"text"}"#
                #expect(refusal(400, body) == meaning, "\(prefix)\(code)")
            }
        }
    }

    @Test func typeIsFoundAmongOtherFieldsOnly() {
        let code = #""__type":"ExpiredTokenException""#
        #expect(refusal(400, #"{"Message":"a\"b","x":[{"__type":"no"}],\#(code)}"#) == .credentials)
        #expect(refusal(400, #"{"message":"ExpiredTokenException"}"#) == .content)
        #expect(refusal(400, #"{"x":{\#(code)}}"#) == .content)
        #expect(refusal(400, #"{"__type":null}"#) == .content)
        #expect(refusal(400, #"{"__type":7}"#) == .content)
        #expect(refusal(400, #"{"__type":""}"#) == .invalidRequest)
        #expect(refusal(400, #"{"__type":"#) == .content)
    }

    @Test func skewIsToldFromABadSignatureByItsText() {
        let texts: [(String, RequestRefusal)] = [
            (
                "Signature expired: 20250715T170033Z is now earlier than 20250715T170533Z "
                    + "(20250715T171033Z - 5 min.)", .clockSkew
            ),
            (
                "Signature not yet current: 20250715T172033Z is still later than "
                    + "20250715T171533Z (20250715T171033Z + 5 min.)", .clockSkew
            ),
            (
                "The request signature we calculated does not match the signature you provided.",
                .signature
            ),
        ]
        for (text, meaning) in texts {
            for key in ["message", "Message"] {
                let body = #"{"__type":"InvalidSignatureException","\#(key)":"\#(text)"}"#
                #expect(refusal(400, body) == meaning)
                #expect(refusal(403, body) == meaning)
            }
        }
        let credentials = #"{"__type":"AccessDeniedException","message":"Signature expired"}"#
        #expect(refusal(400, credentials) == .permission)
    }

    /// moto and AWS's query services refuse in XML.
    @Test func refusalsInXMLAreReadToo() {
        let texts: [(String, RequestRefusal)] = [
            ("SignatureDoesNotMatch", .signature),
            ("AccessDenied", .permission),
            ("InvalidClientTokenId", .credentials),
            ("ExpiredToken", .credentials),
            ("RequestTimeTooSkewed", .clockSkew),
            ("SomethingNew", .permission),
        ]
        for (code, meaning) in texts {
            let body =
                "<?xml version=\"1.0\"?>\n<ErrorResponse><Errors><Error><Code>\(code)</Code>"
                + "<Message>text</Message></Error></Errors></ErrorResponse>"
            #expect(refusal(403, body) == meaning, "\(code)")
        }
    }

    @Test func statusDecidesWithoutACode() {
        let statuses: [(Int, RequestRefusal)] = [
            (429, .throttled), (500, .serverFault), (502, .serverFault), (503, .serverFault),
            (504, .serverFault), (599, .serverFault), (403, .permission), (404, .notFound),
            (400, .content), (413, .content), (422, .content), (401, .credentials),
            (405, .invalidRequest), (415, .invalidRequest), (499, .invalidRequest),
            (0, .notTheService), (100, .notTheService), (204, .notTheService),
            (301, .notTheService), (302, .notTheService), (600, .notTheService),
            (-1, .notTheService),
        ]
        for (status, meaning) in statuses {
            for body in ["", "{}", "[1]", "Bad Gateway", "{", "\u{0}"] {
                #expect(refusal(status, body) == meaning, "\(status) \(body)")
            }
        }
    }

    @Test func redirectIsNobodysWhateverItsBodySays() {
        for code in ["ValidationException", "AccessDeniedException", "InternalFailure"] {
            #expect(refusal(302, #"{"__type":"\#(code)"}"#) == .notTheService)
        }
    }

    /// A portal's page must not send anybody looking for an IAM policy.
    @Test func pageForPeopleIsNotTheService() {
        for page in ["<html><body>Log in</body></html>", "<!DOCTYPE html>\n<HTML>", " \n<Html>"] {
            for status in [302, 400, 401, 403, 404, 407] {
                #expect(refusal(status, page) == .notTheService, "\(status)")
            }
            // Proxies that a service stands behind say this with a page of their own.
            #expect(refusal(413, page) == .content)
            #expect(refusal(429, page) == .throttled)
            #expect(refusal(503, page) == .serverFault)
        }
    }
}
