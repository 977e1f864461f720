;; An embedder: which words a text has. Each word adds one to the number that its fingerprint names, out of 256, so that
;; texts with the same words have near vectors. It keeps its instance, so its memory is given back after each call.
(module
  (memory (export "memory") 1)
  (data (i32.const 16) "{\"abi\":1,\"kind\":\"embedder\",\"name\":\"word-bag\",\"description\":\"Texts with the same words are near.\",\"dimensions\":256}")
  ;; Where the next bytes go.
  (global $free (mut i32) (i32.const 4096))

  (func $alloc (export "alloc") (param $length i32) (result i32)
    (local $at i32) (local $end i32)
    ;; The next multiple of four: numbers stand there.
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 3)) (i32.const -4)))
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (block $enough
      (loop $more
        (br_if $enough (i32.le_u (local.get $end) (i32.mul (memory.size) (i32.const 65536))))
        (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
        (br $more)))
    (global.set $free (local.get $end))
    (local.get $at))

  (func (export "describe") (result i64)
    (i64.or (i64.shl (i64.const 16) (i64.const 32)) (i64.const 114)))

  ;; What is not a letter (of ASCII, or a part of any other) or a digit stands between words.
  (func $isOfWord (param $byte i32) (result i32)
    (i32.or
      (i32.or
        (i32.ge_u (local.get $byte) (i32.const 128))
        (i32.lt_u (i32.sub (i32.or (local.get $byte) (i32.const 32)) (i32.const 97)) (i32.const 26)))
      (i32.lt_u (i32.sub (local.get $byte) (i32.const 48)) (i32.const 10))))

  ;; Adds one to the number of a word in the vector.
  (func $count (param $vector i32) (param $hash i32)
    (local $at i32)
    ;; The high bits of the product are well mixed.
    (local.set $at
      (i32.add (local.get $vector)
        (i32.shl (i32.shr_u (i32.mul (local.get $hash) (i32.const 0x9e3779b1)) (i32.const 24)) (i32.const 2))))
    (f32.store (local.get $at) (f32.add (f32.load (local.get $at)) (f32.const 1))))

  (func $embed (param $at i32) (param $end i32) (param $vector i32)
    (local $hash i32) (local $byte i32)
    (loop $next
      (local.set $byte (i32.const 0))
      (if (i32.lt_u (local.get $at) (local.get $end)) (then (local.set $byte (i32.load8_u (local.get $at)))))
      (if (call $isOfWord (local.get $byte))
        (then
          (if (i32.eqz (local.get $hash)) (then (local.set $hash (i32.const 0x811c9dc5))))
          (local.set $hash
            (i32.mul (i32.xor (local.get $hash) (i32.or (local.get $byte) (i32.const 32))) (i32.const 0x01000193))))
        (else
          (if (local.get $hash) (then (call $count (local.get $vector) (local.get $hash))))
          (local.set $hash (i32.const 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      ;; One step behind the end, where the last word is counted.
      (br_if $next (i32.le_u (local.get $at) (local.get $end)))))

  ;; Is told how many texts there are, then each with its length before it; numbers of 32 bits in little-endian order.
  (func (export "call") (param $at i32) (param $length i32) (result i64)
    (local $left i32) (local $bytes i32) (local $vectors i32) (local $vector i32) (local $size i32)
    (local.set $left (i32.load (local.get $at)))
    (local.set $size (i32.shl (local.get $left) (i32.const 10)))
    (local.set $vectors (call $alloc (local.get $size)))
    (memory.fill (local.get $vectors) (i32.const 0) (local.get $size))
    (local.set $vector (local.get $vectors))
    (local.set $at (i32.add (local.get $at) (i32.const 4)))
    (block $done
      (loop $text
        (br_if $done (i32.eqz (local.get $left)))
        (local.set $bytes (i32.load (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (call $embed (local.get $at) (i32.add (local.get $at) (local.get $bytes)) (local.get $vector))
        (local.set $at (i32.add (local.get $at) (local.get $bytes)))
        (local.set $vector (i32.add (local.get $vector) (i32.const 1024)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $text)))
    ;; The answer is read before anything is put here again.
    (global.set $free (i32.const 4096))
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $vectors)) (i64.const 32))
      (i64.extend_i32_u (local.get $size)))))
