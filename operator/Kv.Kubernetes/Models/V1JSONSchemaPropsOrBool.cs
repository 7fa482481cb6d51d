using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kv.Kubernetes.Models;

/// <summary>What <c>additionalProperties</c> may be: a schema, or whether any are allowed.</summary>
[JsonConverter(typeof(SchemaOrBoolConverter))]
public sealed record V1JSONSchemaPropsOrBool(V1JSONSchemaProps? Schema, bool Allows)
{
    public static implicit operator V1JSONSchemaPropsOrBool(V1JSONSchemaProps schema) => new(schema, Allows: true);

    public static implicit operator V1JSONSchemaPropsOrBool(bool allows) => new(Schema: null, allows);

    private sealed class SchemaOrBoolConverter : JsonConverter<V1JSONSchemaPropsOrBool>
    {
        public override V1JSONSchemaPropsOrBool Read(
            ref Utf8JsonReader reader,
            Type typeToConvert,
            JsonSerializerOptions options) =>
            reader.TokenType switch
            {
                JsonTokenType.True => true,
                JsonTokenType.False => false,
                _ => JsonSerializer.Deserialize<V1JSONSchemaProps>(ref reader, options)
                    ?? throw new JsonException("Neither a schema nor true or false."),
            };

        public override void Write(
            Utf8JsonWriter writer,
            V1JSONSchemaPropsOrBool value,
            JsonSerializerOptions options)
        {
            if (value.Schema is null)
                writer.WriteBooleanValue(value.Allows);
            else
                JsonSerializer.Serialize(writer, value.Schema, options);
        }
    }
}
