using System.Text.Encodings.Web;
using System.Text.Json;

namespace Kv.Sandbox.Json;

/// <summary>How JSON is written: on one line, with nothing escaped that need not be.</summary>
internal static class JsonText
{
    public static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = 256,
    };
}
