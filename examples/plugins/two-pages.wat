;; A source of documents: two pages that never change. It is told {"op":"list",...} or {"op":"read","id":"1"}, and looks at
;; the letters by which these differ.
(module
  (memory (export "memory") 1)
  (data (i32.const 16) "{\"abi\":1,\"kind\":\"source\",\"name\":\"two-pages\",\"description\":\"Two pages about otters.\"}")
  (data (i32.const 1024) "{\"items\":[{\"id\":\"1\",\"name\":\"otters.txt\",\"hash\":\"a\"},{\"id\":\"2\",\"name\":\"reeds.txt\",\"hash\":\"b\"}]}")
  (data (i32.const 1200) "{\"text\":\"Otters sleep on their backs.\"}")
  (data (i32.const 1300) "{\"text\":\"Reeds grow where water is slow.\"}")
  (data (i32.const 1400) "{\"error\":\"there is no such page\"}")
  ;; Where the next bytes go. An instance is called once, and is told no more than fits here.
  (global $free (mut i32) (i32.const 4096))

  (func (export "alloc") (param $length i32) (result i32)
    (global.get $free)
    (global.set $free (i32.add (global.get $free) (local.get $length))))

  (func $answer (param $at i32) (param $length i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get $at)) (i64.const 32)) (i64.extend_i32_u (local.get $length))))

  (func (export "describe") (result i64) (call $answer (i32.const 16) (i32.const 84)))

  (func (export "call") (param $at i32) (param $length i32) (result i64)
    (local $id i32)
    ;; {"op":"l
    (if (i32.eq (i32.load8_u offset=7 (local.get $at)) (i32.const 108))
      (then (return (call $answer (i32.const 1024) (i32.const 94)))))
    ;; {"op":"read","id":"1
    (local.set $id (i32.load8_u offset=19 (local.get $at)))
    (if (i32.eq (local.get $id) (i32.const 49)) (then (return (call $answer (i32.const 1200) (i32.const 39)))))
    (if (i32.eq (local.get $id) (i32.const 50)) (then (return (call $answer (i32.const 1300) (i32.const 42)))))
    (call $answer (i32.const 1400) (i32.const 33))))
