;; A tool: the 32-bit FNV-1a fingerprint of its arguments as they were written, as eight hexadecimal digits.
(module
  (memory (export "memory") 1)
  (data (i32.const 1024) "{\"abi\":1,\"kind\":\"tool\",\"name\":\"fingerprint\",\"description\":\"The fingerprint of a text, to tell whether two are the same.\",\"parameters\":{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\",\"description\":\"What to take the fingerprint of.\"}},\"required\":[\"text\"]}}")
  (data (i32.const 2048) "{\"result\":\"????????\"}")
  (data (i32.const 2100) "0123456789abcdef")
  ;; Where the next bytes go. An instance is called once, so nothing is ever given back.
  (global $free (mut i32) (i32.const 4096))

  (func (export "alloc") (param $length i32) (result i32)
    (local $at i32) (local $end i32)
    (local.set $at (global.get $free))
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    ;; Memory grows by pages of 64 KiB.
    (block $enough
      (loop $more
        (br_if $enough (i32.le_u (local.get $end) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $enough (i32.eq (memory.grow (i32.const 1)) (i32.const -1)))
        (br $more)))
    (global.set $free (local.get $end))
    (local.get $at))

  (func (export "describe") (result i64)
    (i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.const 261)))

  (func (export "call") (param $at i32) (param $length i32) (result i64)
    (local $hash i32) (local $end i32) (local $digit i32)
    (local.set $hash (i32.const 0x811c9dc5))
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $hash
          (i32.mul (i32.xor (local.get $hash) (i32.load8_u (local.get $at))) (i32.const 0x01000193)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    ;; The digits stand behind the eleven characters that the answer begins with.
    (loop $digits
      (i32.store8
        (i32.add (i32.const 2059) (local.get $digit))
        (i32.load8_u
          (i32.add
            (i32.const 2100)
            (i32.and (i32.rotl (local.get $hash) (i32.mul (i32.add (local.get $digit) (i32.const 1)) (i32.const 4))) (i32.const 15)))))
      (local.set $digit (i32.add (local.get $digit) (i32.const 1)))
      (br_if $digits (i32.lt_u (local.get $digit) (i32.const 8))))
    (i64.or (i64.shl (i64.const 2048) (i64.const 32)) (i64.const 21))))
