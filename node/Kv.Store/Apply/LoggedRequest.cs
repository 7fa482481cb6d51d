using System.Buffers;
using System.Text;

namespace Kv.Store;

/// <summary>The frame around a request in a log entry (<c>etcdserverpb.InternalRaftRequest</c>), read and written
/// without touching the request itself:
/// <code>
/// | tag, length | request, as the client sent it | tag 100, length | header: 1 id, 2 user name, 3 auth revision |
/// </code>
/// What a client sends is thus copied once, from the connection into the entry.</summary>
public readonly ref struct LoggedRequest
{
    public const int PutField = 4;
    public const int DeleteRangeField = 5;
    public const int TxnField = 6;

    private const int IdField = 1;
    private const int V2Field = 2;
    private const int HeaderField = 100;
    private const int HeaderIdField = 1;
    private const int HeaderUserField = 2;
    private const int HeaderAuthRevisionField = 3;
    private const int LengthDelimited = 2;
    private const int WireTypeBits = 3;

    private LoggedRequest(Header header, int field, ReadOnlySpan<byte> body)
    {
        Id = header.Id;
        UserName = header.UserName;
        AuthRevision = header.AuthRevision;
        Field = field;
        Body = body;
    }

    public ulong Id { get; }

    /// <summary>Empty if the request was made without a user.</summary>
    public string UserName { get; }

    public ulong AuthRevision { get; }

    /// <summary>The number of the request's field in InternalRaftRequest; zero if the entry holds none, as the requests
    /// of etcd 3.5 and older for its v2 store.</summary>
    public int Field { get; }

    /// <summary>The encoded request.</summary>
    public ReadOnlySpan<byte> Body { get; }

    /// <summary>Frames a request. The only allocation is the entry itself.</summary>
    public static byte[] Encode(
        int field, in ReadOnlySequence<byte> body, ulong id, string userName = "", ulong authRevision = 0)
    {
        int bodyBytes = checked((int)body.Length);
        int userBytes = Encoding.UTF8.GetByteCount(userName);
        int headerBytes = 1 + Varint.Size(id);
        if (userBytes > 0)
            headerBytes += 1 + Varint.Size((ulong)userBytes) + userBytes;
        if (authRevision > 0)
            headerBytes += 1 + Varint.Size(authRevision);

        ulong bodyTag = Tag(field, LengthDelimited);
        ulong headerTag = Tag(HeaderField, LengthDelimited);
        int total = Varint.Size(bodyTag) + Varint.Size((ulong)bodyBytes) + bodyBytes
            + Varint.Size(headerTag) + Varint.Size((ulong)headerBytes) + headerBytes;

        byte[] entry = GC.AllocateUninitializedArray<byte>(total);
        Span<byte> rest = entry;
        Put(ref rest, bodyTag);
        Put(ref rest, (ulong)bodyBytes);
        body.CopyTo(rest);
        rest = rest[bodyBytes..];
        Put(ref rest, headerTag);
        Put(ref rest, (ulong)headerBytes);
        Put(ref rest, Tag(HeaderIdField, 0));
        Put(ref rest, id);
        if (userBytes > 0)
        {
            Put(ref rest, Tag(HeaderUserField, LengthDelimited));
            Put(ref rest, (ulong)userBytes);
            rest = rest[Encoding.UTF8.GetBytes(userName, rest)..];
        }

        if (authRevision > 0)
        {
            Put(ref rest, Tag(HeaderAuthRevisionField, 0));
            Put(ref rest, authRevision);
        }

        Invariant.Require(rest.IsEmpty);
        return entry;
    }

    /// <summary>Where the request lies in an entry that <see cref="Encode"/> made with a field below 16.</summary>
    public static Range BodyRangeOf(ReadOnlySpan<byte> entry)
    {
        int start = 1 + Varint.Read(entry[1..], out ulong length);
        return start..(start + (int)length);
    }

    /// <summary>The number of the request's field, as <see cref="Field"/>, read off the first byte where that will do:
    /// what the data path is made of begins with its request.</summary>
    public static int FieldOf(ReadOnlySpan<byte> entry)
    {
        const int FirstRequestField = 3;
        const int WireTypeMask = (1 << WireTypeBits) - 1;
        const int ContinuationBit = 0x80;
        if (entry.IsEmpty)
            return 0;
        int tag = entry[0];
        int field = tag >> WireTypeBits;
        if ((tag & ContinuationBit) == 0 && (tag & WireTypeMask) == LengthDelimited && field >= FirstRequestField)
            return field;
        return TryParse(entry, out LoggedRequest request) ? request.Field : 0;
    }

    /// <summary>False if the bytes are no such frame; then the entry is one of etcd's v2 requests, or
    /// damaged.</summary>
    public static bool TryParse(ReadOnlySpan<byte> entry, out LoggedRequest request)
    {
        var header = new Header(0, "", 0);
        int field = 0;
        ReadOnlySpan<byte> body = default;
        bool isHeaderSound = true;
        var reader = new ProtoReader(entry);
        while (reader.MoveNext())
        {
            switch (reader.Field)
            {
                case IdField:
                    header = header with { Id = unchecked((ulong)reader.Int64()) };
                    break;
                case HeaderField:
                    isHeaderSound = TryParseHeader(reader.Span(), ref header);
                    break;
                default:
                    field = reader.Field;
                    body = reader.Span();
                    break;
            }
        }

        request = new LoggedRequest(header, field == V2Field ? 0 : field, body);
        return !reader.IsMalformed && isHeaderSound;
    }

    private static bool TryParseHeader(ReadOnlySpan<byte> message, ref Header header)
    {
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            switch (reader.Field)
            {
                case HeaderIdField:
                    header = header with { Id = unchecked((ulong)reader.Int64()) };
                    break;
                case HeaderUserField:
                    header = header with { UserName = Encoding.UTF8.GetString(reader.Span()) };
                    break;
                case HeaderAuthRevisionField:
                    header = header with { AuthRevision = unchecked((ulong)reader.Int64()) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return !reader.IsMalformed;
    }

    private static void Put(ref Span<byte> rest, ulong value) => rest = rest[Varint.Write(rest, value)..];

    private static ulong Tag(int field, int wireType) => ((ulong)field << WireTypeBits) | (uint)wireType;

    private readonly record struct Header(ulong Id, string UserName, ulong AuthRevision);
}
