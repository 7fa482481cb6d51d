using System.Text;
using Etcdserverpb;
using Google.Protobuf;

namespace Kv.Node.Tests.Store;

/// <summary>Requests in short. In text, <c>+a</c> puts a, <c>-a</c> deletes it, <c>-a c</c> deletes from a to c,
/// <c>=a</c> reads it, and <c>(+a,-b|+c)</c> is a transaction within with its two branches.</summary>
internal static class Some
{
    public static ByteString Bytes(this string text) => ByteString.CopyFrom(text, Encoding.Latin1);

    public static PutRequest Put(string key, string value = "", long lease = 0) =>
        new() { Key = key.Bytes(), Value = value.Bytes(), Lease = lease };

    public static RangeRequest Range(string key, string end = "") =>
        new() { Key = key.Bytes(), RangeEnd = end.Bytes() };

    public static DeleteRangeRequest Delete(string key, string end = "") =>
        new() { Key = key.Bytes(), RangeEnd = end.Bytes() };

    public static RequestOp Op(IMessage request) => request switch
    {
        PutRequest put => new RequestOp { RequestPut = put },
        RangeRequest range => new RequestOp { RequestRange = range },
        DeleteRangeRequest deletion => new RequestOp { RequestDeleteRange = deletion },
        _ => new RequestOp { RequestTxn = (TxnRequest)request },
    };

    public static IEnumerable<RequestOp> Puts(int count) =>
        Enumerable.Range(0, count).Select(number => Op(Put($"key{number}")));

    public static TxnRequest Txn(IEnumerable<RequestOp> success) => new() { Success = { success } };

    public static TxnRequest Txn(string[] success) => Txn(Ops(success));

    public static IEnumerable<RequestOp> Ops(string[] texts) => texts.Select(text => Op(Parse(text)));

    private static IMessage Parse(string text)
    {
        if (text[0] == '(')
        {
            string[] branches = text[1..^1].Split('|');
            return new TxnRequest { Success = { Branch(branches[0]) }, Failure = { Branch(branches[1]) } };
        }

        string[] keys = text[1..].Split(' ');
        string end = keys.Length > 1 ? keys[1] : "";
        return text[0] switch
        {
            '+' => Put(keys[0]),
            '-' => Delete(keys[0], end),
            '=' => Range(keys[0], end),
            _ => throw new ArgumentException(text),
        };
    }

    private static IEnumerable<RequestOp> Branch(string text) =>
        Ops(text.Split(',', StringSplitOptions.RemoveEmptyEntries));
}
