Console.WriteLine("kv-bench");
